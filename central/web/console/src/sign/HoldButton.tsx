import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './hold.module.css';

interface Props {
  children: ReactNode;
  /** Called once when it was held long enough. */
  onHold: () => void;
  tone: 'emergency' | 'drill' | 'calm';
  disabled?: boolean;
  busy?: boolean;
  /** How long it is held, seconds. */
  seconds?: number;
  /** Takes the width, and the height of a thumb. */
  large?: boolean;
}

/**
 * HoldButton does something only when it is pressed and held: by finger, by
 * mouse, or by Space or Enter. To let go earlier, or to slide off it, does
 * nothing.
 */
export function HoldButton({ children, onHold, tone, disabled = false, busy = false, seconds = 1.5, large = false }: Props) {
  const { t } = useTranslation('sign');
  const hint = useId();
  const [holding, setHolding] = useState(false);
  const [said, setSaid] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const off = disabled || busy;

  useEffect(() => () => clearTimeout(timer.current), []);

  const begin = () => {
    if (off || timer.current !== undefined) return;
    setHolding(true);
    setSaid(t('hold.holding'));
    timer.current = setTimeout(() => {
      timer.current = undefined;
      setHolding(false);
      setSaid(t('hold.done'));
      onHold();
    }, seconds * 1000);
  };
  const end = () => {
    if (timer.current === undefined) return;
    clearTimeout(timer.current);
    timer.current = undefined;
    setHolding(false);
    setSaid(t('hold.early'));
  };
  const isPress = (e: KeyboardEvent) => e.key === ' ' || e.key === 'Enter';

  return (
    <div className={classes.around}>
      <button
        type="button"
        className={classes.button}
        data-tone={tone}
        data-holding={holding || undefined}
        data-large={large || undefined}
        disabled={disabled}
        aria-disabled={off || undefined}
        aria-describedby={hint}
        aria-busy={busy || undefined}
        style={{ '--hold': `${seconds}s` } as React.CSSProperties}
        onPointerDown={(e) => {
          if (e.button === 0 && e.isPrimary) begin();
        }}
        onPointerUp={end}
        onPointerLeave={end}
        onPointerCancel={end}
        onKeyDown={(e) => {
          if (!isPress(e)) return;
          e.preventDefault(); // no scrolling, no click
          if (!e.repeat) begin();
        }}
        onKeyUp={(e) => {
          if (isPress(e)) end();
        }}
        onBlur={end}
        onContextMenu={(e) => e.preventDefault()} // what a long touch would open
      >
        <span className={classes.fill} aria-hidden="true" />
        <span className={classes.label}>{children}</span>
      </button>
      <span id={hint} className={classes.hint}>
        {busy ? t('hold.busy') : t('hold.hint')}
      </span>
      <span role="status" className="loa-unseen">
        {said}
      </span>
    </div>
  );
}
