import { Checkbox, Input, ScrollArea, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';
import { areasFor, useMe } from '@/api/me';
import { usePlaces } from '@/fleet/places';
import { fold } from '.';

interface Props {
  value: string[];
  onChange: (areas: string[]) => void;
  error?: string;
}

/** AreaTree chooses among the areas in which the person may edit: a whole
 * province, or communes of it, or villages of a commune that is one's own. */
export function AreaTree({ value, onChange, error }: Props) {
  const { t } = useTranslation('bulletins');
  const areas = useAreas();
  const { place } = usePlaces();
  const roots = areasFor(useMe(), 'edit-bulletins');
  const [text, setText] = useState('');
  const below = roots.flatMap((r) => areas.children(r).map((a) => a.code));
  const others = value.filter((c) => !roots.includes(c) && !below.includes(c)); // others chose them: they stay
  const inside = (code: string) => areas.path(code).slice(0, -1).some((c) => value.includes(c));
  const set = (code: string, on: boolean) =>
    onChange(on ? [...value.filter((c) => !areas.path(c).includes(code)), code] : value.filter((c) => c !== code));
  const found = [...below, ...others].filter((c) => fold(areas.name(c)).includes(fold(text)));
  const box = (code: string) => (
    <Checkbox key={code} label={place(code)} checked={value.includes(code) || inside(code)} disabled={inside(code)} onChange={(e) => set(code, e.currentTarget.checked)} />
  );
  return (
    <Input.Wrapper label={t('areas.label')} description={t('areas.hint')} error={error} component="fieldset" styles={{ root: { border: 0, margin: 0, padding: 0, minWidth: 0 } }}>
      <Stack gap="xs" mt="xs">
        {roots.map(box)}
        {below.length > 8 && <TextInput size="sm" aria-label={t('areas.search')} placeholder={t('areas.search')} value={text} onChange={(e) => setText(e.currentTarget.value)} />}
        {found.length > 0 && (
          <ScrollArea.Autosize mah={260} type="auto" offsetScrollbars>
            <Stack gap={6} pl="md" py={4}>
              {found.map(box)}
            </Stack>
          </ScrollArea.Autosize>
        )}
      </Stack>
    </Input.Wrapper>
  );
}
