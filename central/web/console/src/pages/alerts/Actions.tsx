import { Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';
import { api, type Schema } from '@/api/client';
import { may, useMe, type Action } from '@/api/me';
import { isProblem } from '@/api/problem';
import { ProblemNote } from '@/app/ProblemNote';
import classes from './alerts.module.css';
import { patience, useGive } from './useGive';
import { useAlertWords } from './words';

type Alert = Schema<'Alert'>;

/** useMayIn tells whether the person may do something in all of some areas. */
export function useMayIn() {
  const me = useMe();
  const areas = useAreas();
  return (action: Action, audience: string[]) => audience.length > 0 && audience.every((code) => may(me, action, areas.path(code)));
}

/** CancelButton ends an alert: as large as what raised it, one tap, then the
 * hold over the exact order. */
export function CancelButton({ alert: a }: { alert: Alert }) {
  const { t } = useTranslation('alerts');
  const { give, step } = useGive();
  const mayIn = useMayIn();
  const [error, setError] = useState<unknown>();
  if (!mayIn('cancel-alerts', a.audience)) return null;
  const cancel = async () => {
    setError(undefined);
    const outcome = await give(() => api.post('/alerts/{mode}/{id}/cancel', { path: { mode: a.mode, id: a.id }, patience }), {
      kind: 'cancel', mode: a.mode, alert: a.id, hazard: a.hazard, audience: a.audience,
    });
    if (outcome.state === 'notSent') setError(outcome.error);
  };
  return (
    <div className={classes.whole}>
      <ProblemNote error={error} />
      <button type="button" className={classes.cancel} data-mode={a.mode} aria-busy={step !== 'idle' || undefined} onClick={() => void cancel()}>
        {step === 'drafting' ? t('cancel.drafting') : t(`cancel.${a.mode}`)}
      </button>
    </div>
  );
}

/** StopButton silences whatever is on air in areas, alerts and programmes. */
export function StopButton({ areas, mode = 'live' }: { areas: string[]; mode?: 'live' | 'drill' }) {
  const { t } = useTranslation('alerts');
  const { give, step } = useGive();
  const mayIn = useMayIn();
  const [error, setError] = useState<unknown>();
  if (!mayIn('stop-sound', areas)) return null;
  const stop = async () => {
    setError(undefined);
    const outcome = await give(() => api.post('/stops', { body: { areas }, patience }), { kind: 'stop', mode, audience: areas });
    if (outcome.state === 'notSent') setError(outcome.error);
  };
  return (
    <Stack gap={4}>
      <Button variant="default" size="lg" loading={step !== 'idle'} onClick={() => void stop()}>
        {t('stop.button')}
      </Button>
      {isProblem(error, 'nothing-on-air') ? <Text role="status">{t('stop.nothing')}</Text> : <ProblemNote error={error} />}
    </Stack>
  );
}

/** SecondSignature says who is still needed, and lets that person sign. */
export function SecondSignature({ alert: a, me }: { alert: Alert; me: string }) {
  const { t } = useTranslation('alerts');
  const words = useAlertWords();
  const { give, step } = useGive();
  const [error, setError] = useState<unknown>();
  const signed = a.persons.map((id) => words.name(a.names, id));
  const others = (a.signers ?? []).filter((p) => p.id !== me).map((p) => p.name);
  const mine = a.persons.includes(me);
  const can = (a.signers ?? []).some((p) => p.id === me);
  const sign = async () => {
    setError(undefined);
    const outcome = await give(async () => (await api.get('/orders/{hash}', { path: { hash: a.hash }, patience })).draft, {
      kind: 'alert', mode: a.mode, alert: a.id, hazard: a.hazard, audience: a.audience,
    });
    if (outcome.state === 'notSent') setError(outcome.error);
  };
  return (
    <Stack gap="xs">
      {signed.length > 0 && <Text>{t('second.signed', { names: words.list(signed) })}</Text>}
      {mine && (
        <Text fw={600}>
          {t('second.waiting')} {others.length > 0 ? t('second.ask', { names: words.list(others.slice(0, 5)) }) : t('second.nobody')}
        </Text>
      )}
      {!mine && can && (
        <>
          <Text fw={600}>{t('second.yours')}</Text>
          <button type="button" className={classes.go} data-mode={a.mode} aria-busy={step !== 'idle' || undefined} onClick={() => void sign()}>
            {t(`second.sign.${a.mode}`)}
          </button>
        </>
      )}
      {!mine && !can && <Text>{others.length > 0 ? t('second.others', { names: words.list(others.slice(0, 5)) }) : t('second.nobody')}</Text>}
      <ProblemNote error={error} />
    </Stack>
  );
}
