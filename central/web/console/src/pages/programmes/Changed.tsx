import { Alert, Button, Group, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePlaces } from '@/fleet/places';
import { merge, type Clash, type Content } from './draft';
import classes from './programmes.module.css';
import type { Bulletins } from './queries';
import { repeatOf } from './recurrence';
import { useWords } from './words';

interface Props {
  base: Content;
  mine: Content;
  other: Content;
  by: string;
  bulletins: Bulletins;
  onDecide: (content: Content) => void;
  /** Give one's own changes up. */
  onDrop: () => void;
}

/** Changed shows what two people made of one programme, for one to choose. */
export function Changed({ base, mine, other, by, bulletins, onDecide, onDrop }: Props) {
  const { t } = useTranslation('programmes');
  const { merged, clashes, theirs } = merge(base, mine, other);
  const [taken, setTaken] = useState<Clash[]>([]); // theirs, where both changed it
  const says = useSays(bulletins);
  const decide = () => {
    const content = { ...merged };
    for (const field of taken) Object.assign(content, { [field]: other[field] });
    onDecide(content);
  };
  return (
    <Stack>
      <Alert color="grain" role="alert" title={t('changed.title', { by })}>
        {t(clashes.length > 0 ? 'changed.both' : 'changed.apart')}
      </Alert>
      {clashes.map((field) => (
        <Radio.Group key={field} label={t(`changed.field.${field}`)} value={taken.includes(field) ? 'theirs' : 'mine'} onChange={(v) => setTaken(v === 'theirs' ? [...taken, field] : taken.filter((f) => f !== field))}>
          <Stack gap="xs" mt={4} className={classes.version}>
            <Radio value="mine" label={t('changed.mine', { said: says(field, mine) })} className="loa-written" />
            <Radio value="theirs" label={t('changed.theirs', { said: says(field, other) })} className="loa-written" />
          </Stack>
        </Radio.Group>
      ))}
      {theirs.length > 0 && (
        <div>
          <Text fw={600}>{t('changed.taken')}</Text>
          <ul>
            {theirs.map((field) => (
              <li key={field} className="loa-written">
                {t('changed.one', { field: t(`changed.field.${field}`), said: says(field, other) })}
              </li>
            ))}
          </ul>
        </div>
      )}
      <Group>
        <Button onClick={decide}>{t('changed.go')}</Button>
        <Button variant="default" onClick={onDrop}>
          {t('changed.drop')}
        </Button>
      </Group>
    </Stack>
  );
}

/** useSays says a field of a programme as a person would read it. */
function useSays(bulletins: Bulletins) {
  const { t } = useTranslation(['programmes', 'words']);
  const { place } = usePlaces();
  const words = useWords();
  return (field: Clash, c: Content): string => {
    switch (field) {
      case 'title':
        return c.title;
      case 'area':
        return place(c.area);
      case 'class':
        return t(`words:class.${c.class}`);
      case 'order':
        return String(c.order);
      case 'start':
        return `${words.clock(c.start)} ${words.day(c.start)}`;
      case 'rule':
        return words.repeat(repeatOf(c.rule, c.start), c.start);
      case 'except':
        return c.except.map((e) => words.day(e)).join('; ') || t('changed.nothing');
      case 'seconds':
        return words.length(c.seconds);
      case 'late':
        return c.late === 0 ? t('late.none') : t('late.some', { length: words.length(c.late) });
      case 'bulletins':
        return c.bulletins.map((id) => bulletins.get(id)?.title ?? id).join('; ');
      case 'noChime':
        return t(c.noChime ? 'chime.no' : 'chime.yes');
      case 'gain':
        return words.volume(c.gain);
    }
  };
}
