import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { inSight } from './rows';

/**
 * useInSight draws of a long list only the rows that are in sight of the window,
 * and some around them. tops are where the rows begin, in pixels; ref is of the
 * element that is as high as all of them.
 */
export function useInSight(tops: Float64Array) {
  const ref = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ first: 0, last: 0 });

  useLayoutEffect(() => {
    const look = () => {
      const from = -(ref.current?.getBoundingClientRect().top ?? 0);
      const next = inSight(tops, from, from + window.innerHeight);
      setRange((have) => (have.first === next.first && have.last === next.last ? have : next));
    };
    look();
    window.addEventListener('scroll', look, { passive: true });
    window.addEventListener('resize', look);
    return () => {
      window.removeEventListener('scroll', look);
      window.removeEventListener('resize', look);
    };
  }, [tops]);

  return { ref, first: range.first, last: Math.min(range.last, tops.length - 1) };
}

/** rem is what a person chose for the size of letters, in pixels. */
export function rem(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}

/** useLater is a value that follows another after a pause: what is typed. */
export function useLater<T>(value: T, ms: number, then: (v: T) => void) {
  const latest = useRef(then);
  useEffect(() => {
    latest.current = then;
  });
  useEffect(() => {
    const timer = setTimeout(() => latest.current(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
}
