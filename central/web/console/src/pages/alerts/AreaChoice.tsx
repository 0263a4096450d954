import { Checkbox, MultiSelect, SimpleGrid, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useAreas, type Areas } from '@/api/areas';
import { useAlertWords } from './words';

interface Props {
  audience: string[];
  onChange: (audience: string[]) => void;
  /** The areas in which the person may raise. */
  roots: string[];
}

/** reachable are the communes in which, or in villages of which, a person may
 * raise, and which of them whole. */
export function reachable(roots: string[], areas: Pick<Areas, 'children' | 'name'>): { code: string; whole: boolean }[] {
  const found = new Map<string, boolean>();
  for (const root of roots) {
    if (root.length < 5) for (const c of areas.children(root)) found.set(c.code, true);
    else found.set(root.slice(0, 5), found.get(root.slice(0, 5)) === true || root.length === 5);
  }
  return [...found].map(([code, whole]) => ({ code, whole })).sort((a, b) => areas.name(a.code).localeCompare(areas.name(b.code), 'vi'));
}

/** startingArea is what is chosen before anybody chooses: the one commune, or
 * village, that there is to choose. */
export function startingArea(roots: string[]): string[] {
  return roots.length === 1 && (roots[0]?.length ?? 0) >= 5 ? roots : [];
}

/** AreaChoice asks where an alert sounds: nothing is offered where the person
 * may not raise. */
export function AreaChoice({ audience, onChange, roots }: Props) {
  const { t } = useTranslation('alerts');
  const areas = useAreas();
  const words = useAlertWords();
  const provinces = roots.filter((r) => r.length < 5);
  const communes = reachable(roots, areas);
  const whole = provinces.filter((p) => audience.includes(p));
  const chosen = [...new Set(audience.filter((c) => c.length >= 5).map((c) => c.slice(0, 5)))];
  const [only] = chosen;
  const commune = chosen.length === 1 ? communes.find((c) => c.code === only) : undefined;

  return (
    <Stack gap="sm">
      {provinces.map((p) => (
        <Checkbox
          key={p}
          label={t('area.whole', { area: words.area(p) })}
          checked={whole.includes(p)}
          onChange={(e) => onChange(e.currentTarget.checked ? [p] : [])}
        />
      ))}
      {whole.length === 0 && communes.length > 1 && (
        <MultiSelect
          label={t('area.communes')}
          placeholder={chosen.length === 0 ? t('area.communesHint') : undefined}
          data={communes.map((c) => ({ value: c.code, label: areas.name(c.code) }))}
          value={chosen}
          onChange={(codes) => onChange([...audience.filter((c) => c.length >= 5 && codes.includes(c.slice(0, 5))), ...codes.filter((c) => !chosen.includes(c))])}
          searchable
          clearable
          nothingFoundMessage={t('area.none')}
        />
      )}
      {whole.length === 0 && commune && <Villages commune={commune.code} whole={commune.whole} roots={roots} audience={audience} onChange={onChange} />}
      {audience.length === 0 && (
        <Text c="var(--loa-warn-on-soft)" fw={600}>
          {t('area.choose')}
        </Text>
      )}
    </Stack>
  );
}

function Villages({ commune, whole, roots, audience, onChange }: Props & { commune: string; whole: boolean }) {
  const { t } = useTranslation('alerts');
  const areas = useAreas();
  const words = useAlertWords();
  const villages = areas.children(commune).filter((v) => whole || roots.includes(v.code));
  const all = audience.includes(commune);
  if (villages.length === 0) return null;
  const toggle = (code: string, on: boolean) => {
    const next = on ? [...audience.filter((c) => c !== commune), code] : audience.filter((c) => c !== code);
    onChange(next.length === 0 && whole ? [commune] : next);
  };
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <Text component="legend" fw={600} mb="xs">
        {t('area.in', { commune: words.area(commune) })}
      </Text>
      <Stack gap="xs">
        {whole && <Checkbox label={t('area.all', { commune: words.area(commune) })} checked={all} onChange={(e) => onChange(e.currentTarget.checked ? [commune] : [])} />}
        <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="xs">
          {villages.map((v) => (
            <Checkbox key={v.code} label={areas.name(v.code)} checked={audience.includes(v.code)} onChange={(e) => toggle(v.code, e.currentTarget.checked)} />
          ))}
        </SimpleGrid>
      </Stack>
    </fieldset>
  );
}
