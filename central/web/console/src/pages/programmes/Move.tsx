import { Alert, Button, Group, Loader, Modal, Radio, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isProblem } from '@/api/problem';
import { ProblemNote } from '@/app/ProblemNote';
import { momentOf } from '@/app/when';
import type { Occurrence } from './calendar';
import type { Overlap } from './conflict';
import { Conflicts, useConflicts, useProgrammes } from './Conflicts';
import { changeOf, scopesOf, type Scope, type Shift } from './move';
import classes from './programmes.module.css';
import { etagOf, useApply } from './queries';
import type { Programme } from './recurrence';
import { useWords } from './words';

interface Props {
  occurrence: Occurrence;
  shift: Shift;
  onClose: () => void;
}

/** Move asks what a drag was meant for before anything is changed. */
export default function Move({ occurrence: o, shift, onClose }: Props) {
  const { t } = useTranslation(['programmes', 'common']);
  const programmes = useProgrammes();
  const p = programmes.get(o.programme);
  return (
    <Modal opened onClose={onClose} title={t(shift.to === shift.from ? 'move.longer' : 'move.title')} closeButtonProps={{ 'aria-label': t('common:close') }} classNames={{ title: classes.drawerTitle, content: classes.sheet, header: classes.sheetHead }}>
      {!programmes.ready && <Loader role="status" aria-label={t('common:loading')} />}
      {programmes.ready && !p && <Text>{t('gone')}</Text>}
      {p && <Inside programme={p} shift={shift} onClose={onClose} />}
    </Modal>
  );
}

function Inside({ programme: p, shift, onClose }: { programme: Programme; shift: Shift; onClose: () => void }) {
  const { t } = useTranslation(['programmes', 'common']);
  const words = useWords();
  const scopes = scopesOf(p, shift);
  const [scope, setScope] = useState<Scope>(scopes[0] ?? 'only');
  const what = useMemo(() => changeOf(p, shift, scope), [p, shift, scope]);
  const body = what?.create ?? what?.change;
  // Its own time, which is left out by the same change, is no conflict.
  const gone = (x: Overlap) => what?.create !== undefined && [x.first, x.second].includes(p.id) && (scope === 'following' || own(x, p, shift));
  const asked = useConflicts(body, gone);
  const apply = useApply();
  const end = (start: string, seconds: number) => words.clock(new Date(momentOf(start).getTime() + seconds * 1000 + 7 * 3600_000).toISOString().slice(0, 19));
  if (scopes.length === 0) return <Text>{t('move.cannot')}</Text>;
  return (
    <Stack>
      <Text className="loa-written" fw={600}>
        {p.title}
      </Text>
      <div className={classes.fromTo}>
        <span>
          <Text size="sm" c="dimmed" component="span">
            {t('move.from')}
          </Text>
          {`${words.clock(shift.from)}–${end(shift.from, p.seconds)} ${words.day(shift.from)}`}
        </span>
        <span>
          <Text size="sm" c="dimmed" component="span">
            {t('move.to')}
          </Text>
          <strong>{`${words.clock(shift.to)}–${end(shift.to, shift.seconds)} ${words.day(shift.to)}`}</strong>
        </span>
      </div>
      {scopes.length > 1 && (
        <Radio.Group label={t('move.scope')} value={scope} onChange={(s) => setScope(s as Scope)}>
          <Stack gap="xs" mt={4}>
            {scopes.map((s) => (
              <Radio key={s} value={s} label={t(`scope.${s}`)} />
            ))}
          </Stack>
        </Radio.Group>
      )}
      {what?.change && scope === 'all' && p.rule && <Text size="sm">{words.plays(what.change)}</Text>}
      {what?.create && scope === 'following' && <Text size="sm">{words.plays(what.create)}</Text>}
      <Conflicts asked={asked} />
      {isProblem(apply.error, 'changed') ? (
        <Alert color="grain" role="alert" title={t('move.changed')}>
          {t('move.changedText', { plays: words.plays(p), length: words.length(p.seconds) })}
        </Alert>
      ) : (
        <ProblemNote error={apply.error} />
      )}
      <Group>
        <Button loading={apply.isPending || (body !== undefined && !asked.checked && !asked.error)} disabled={!what} onClick={() => what && apply.mutate({ what, etag: etagOf(p) }, { onSuccess: onClose })}>
          {t(isProblem(apply.error, 'changed') ? 'move.again' : asked.cases.length > 0 ? 'editor.saveAnyway' : 'common:save')}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t('common:cancel')}
        </Button>
      </Group>
    </Stack>
  );
}

/** own tells whether an overlap is with the very time that is moved. */
function own(x: Overlap, p: Programme, shift: Shift): boolean {
  const from = momentOf(shift.from).getTime();
  const at = Date.parse(x.at);
  return x.times === 1 && at >= Math.min(from, momentOf(shift.to).getTime()) && at < from + p.seconds * 1000;
}
