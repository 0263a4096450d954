import { Button, Stack, Text, Title } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { useAreas } from '@/api/areas';
import { api } from '@/api/client';
import { areasFor, useMe } from '@/api/me';
import { startingArea } from './AreaChoice';
import { Band } from './Band';
import { Compose } from './Compose';
import { useUnresolved } from './given';
import { HazardGrid } from './HazardGrid';
import { isHazard, type HazardId } from './hazards';
import { RaiseButtons } from './RaiseButtons';
import { Unresolved } from './Unresolved';
import { enough, patience, useGive } from './useGive';
import { alone, bodyOf, newWish, placeOf, type Mode, type Wish } from './wish';

/** NewAlert: what happens, look it over, hold. The step is in the address, so
 * that the phone's own way back goes one step back. */
export default function NewAlert() {
  const { t } = useTranslation('alerts');
  const me = useMe();
  const [params, setParams] = useSearchParams();
  const roots = areasFor(me, 'raise-alerts');
  const mode = modeOf(params.get('mode'));
  const hazard = params.get('hazard');
  if (roots.length === 0) {
    return (
      <Stack align="flex-start">
        <Title order={1}>{t('new.title')}</Title>
        <Text>{t('new.denied')}</Text>
      </Stack>
    );
  }
  if (!mode) {
    return (
      <Stack>
        <Unresolved />
        <Title order={1}>{t('new.which')}</Title>
        <RaiseButtons />
      </Stack>
    );
  }
  if (!hazard || !isHazard(hazard)) {
    return (
      <Stack>
        <Unresolved />
        <Band mode={mode} />
        <Title order={1}>{t(`new.what.${mode}`)}</Title>
        <HazardGrid mode={mode} onChoose={(h) => setParams({ mode, hazard: h })} />
        <Button component={Link} to="/alerts" variant="subtle">
          {t('new.leave')}
        </Button>
      </Stack>
    );
  }
  return <Check key={`${mode} ${hazard}`} mode={mode} hazard={hazard} roots={roots} asked={params.getAll('area')} />;
}

function modeOf(text: string | null): Mode | undefined {
  return text === 'live' || text === 'drill' ? text : undefined;
}

/** What was typed for a hazard stays while the page is open, also when another
 * hazard was looked at meanwhile. */
const kept = new Map<string, Wish>();

function Check({ mode, hazard, roots, asked }: { mode: Mode; hazard: HazardId; roots: string[]; asked: string[] }) {
  const areas = useAreas();
  const me = useMe();
  const navigate = useNavigate();
  const { give, step } = useGive();
  const [error, setError] = useState<unknown>();
  const blocked = useUnresolved(me.id).some((g) => g.kind === 'alert');
  const key = `${me.id} ${mode} ${hazard} ${asked.join()}`;
  const [own, setOwn] = useState<Wish | undefined>(() => kept.get(key));
  const audience = asked.length > 0 ? asked : startingArea(roots);
  const wish = own ?? newWish(mode, hazard, audience, placeOf(audience, areas));
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (blocked) top.current?.scrollIntoView({ block: 'start' });
  }, [blocked]);

  const send = async () => {
    setError(undefined);
    const outcome = await give(async () => enough(await api.post('/alerts', { body: bodyOf(wish), patience }), me.id, alone(mode, wish.audience, me)), { kind: 'alert', mode, hazard, audience: wish.audience });
    if (outcome.state === 'sealed' || outcome.state === 'gathering') {
      kept.delete(key);
      await navigate(`/${outcome.order.subject.replace(/^alert/, 'alerts')}`, { replace: true });
    }
    if (outcome.state === 'notSent') setError(outcome.error);
  };

  return (
    <>
      <div ref={top} style={{ scrollMarginTop: 72 }}>
        <Unresolved />
      </div>
      <Compose
        wish={wish}
        onChange={(w) => {
          kept.set(key, w);
          setOwn(w);
        }}
        roots={roots}
        onSend={() => void send()}
        onBack={() => void navigate(`/alerts/new?mode=${mode}`)}
        busy={step !== 'idle'}
        error={error}
        blocked={blocked}
      />
    </>
  );
}
