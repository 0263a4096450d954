import { Checkbox, Group, Input, NativeSelect, Stack, Switch, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { FaultField } from './draft';
import { startingDays } from './draft';
import { plusDays, weekdays, type Repeat, type RepeatKind, type Weekday } from './recurrence';

interface Props {
  value: Repeat;
  day: string;
  onChange: (r: Repeat) => void;
  fault: (field: FaultField) => string | undefined;
}

const kinds: RepeatKind[] = ['once', 'daily', 'weekdays', 'days'];

/** Repeats asks how often a programme plays, in words. */
export function Repeats({ value: r, day, onChange, fault }: Props) {
  const { t } = useTranslation('programmes');
  const until = 'until' in r ? r.until : undefined;
  const become = (kind: RepeatKind) => {
    const end = until === undefined ? {} : { until };
    if (kind === 'once') onChange({ kind });
    else if (kind === 'days') onChange({ kind, days: startingDays(day), ...end });
    else if (kind !== 'other') onChange({ kind, ...end });
  };
  return (
    <Stack gap="sm">
      <NativeSelect
        size="md"
        label={t('field.repeat')}
        value={r.kind}
        onChange={(e) => become(e.currentTarget.value as RepeatKind)}
        data={[...kinds, ...(r.kind === 'other' ? (['other'] as const) : [])].map((k) => ({ value: k, label: t(`repeat.${k}`) }))}
        description={r.kind === 'other' ? t('repeat.otherHint', { rule: r.rule }) : undefined}
      />
      {r.kind === 'days' && (
        <Input.Wrapper component="fieldset" label={t('field.days')} labelElement="div" size="md" error={fault('days')} styles={{ root: { border: 0, margin: 0, padding: 0, minWidth: 0 } }}>
          <Checkbox.Group value={r.days} onChange={(days) => onChange({ ...r, days: weekdays.filter((d) => days.includes(d)) as Weekday[] })}>
            <Group gap="sm" mt={4}>
              {weekdays.map((d) => (
                <Checkbox key={d} value={d} label={t(`weekday.${d}`)} />
              ))}
            </Group>
          </Checkbox.Group>
        </Input.Wrapper>
      )}
      {r.kind !== 'once' && r.kind !== 'other' && (
        <Group align="flex-end" gap="md">
          <Switch label={t('field.ends')} checked={until !== undefined} onChange={(e) => onChange({ ...r, until: e.currentTarget.checked ? plusDays(day || '2026-01-01', 30) : undefined })} />
          {until !== undefined && (
            <TextInput type="date" label={t('field.until')} value={until} min={day} onChange={(e) => onChange({ ...r, until: e.currentTarget.value })} error={fault('until')} />
          )}
        </Group>
      )}
    </Stack>
  );
}
