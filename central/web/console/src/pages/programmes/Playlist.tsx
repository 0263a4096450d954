import { ActionIcon, Anchor, Badge, Group, Input, Select, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useAreas } from '@/api/areas';
import { Icon } from '@/app/icons';
import { doubtOf, limits, type Bulletin, type Draft } from './draft';
import classes from './programmes.module.css';
import type { Bulletins } from './queries';
import { useWords } from './words';

interface Props {
  draft: Draft;
  bulletins: Bulletins;
  lengths: Map<string, number>;
  onChange: (ids: string[]) => void;
  error?: string;
}

/** Playlist is a programme's bulletins in the order in which they play. */
export function Playlist({ draft, bulletins, lengths, onChange, error }: Props) {
  const { t } = useTranslation(['programmes', 'words']);
  const areas = useAreas();
  const words = useWords();
  const ids = draft.bulletins;
  const move = (at: number, to: number) => {
    const next = [...ids];
    const [id] = next.splice(at, 1);
    if (id !== undefined) next.splice(to, 0, id);
    onChange(next);
  };
  // What fits comes first; what does not is still found, and says why.
  const doubt = (b: Bulletin) => doubtOf(b, draft, areas);
  const choice = bulletins.all
    .filter((b) => b.state !== 'withdrawn')
    .map((b) => ({ b, why: doubt(b) }))
    .sort((x, y) => Number(x.why !== undefined) - Number(y.why !== undefined) || x.b.title.localeCompare(y.b.title, 'vi'))
    .map(({ b, why }) => ({ value: b.id ?? '', label: why ? t('playlist.option', { title: b.title, why: t(`doubtShort.${why}`) }) : b.title }));
  return (
    <Stack gap="xs">
      <Input.Label size="md" component="div" id="loa-playlist">
        {t('field.bulletins')}
      </Input.Label>
      {ids.length > 0 && (
        <ol className={classes.playlist} aria-labelledby="loa-playlist">
          {ids.map((id, i) => {
            const b = bulletins.get(id);
            const title = b?.title ?? id;
            const why = bulletins.ready ? doubtOf(b, draft, areas) : undefined;
            const seconds = lengths.get(id);
            return (
              <li key={`${id} ${i}`} className={classes.bulletin}>
                <div className={classes.bulletinText}>
                  <Anchor component={Link} to={`/bulletins/${encodeURIComponent(id)}`} className="loa-written">
                    {title}
                  </Anchor>
                  <Group gap={6}>
                    {seconds !== undefined && (
                      <Text size="sm" c="dimmed" component="span">
                        {words.length(Math.round(seconds))}
                      </Text>
                    )}
                    {b?.class === 'priority' && (
                      <Badge size="sm" variant="outline" color="grain">
                        {t('words:class.priority')}
                      </Badge>
                    )}
                  </Group>
                  {why && (
                    <Text size="sm" c="var(--loa-warn-on-soft)">
                      {t(`doubt.${why}`)}
                    </Text>
                  )}
                </div>
                <Group gap={0} wrap="nowrap">
                  <ActionIcon aria-label={t('playlist.up', { title })} disabled={i === 0} onClick={() => move(i, i - 1)}>
                    <Icon name="down" style={{ transform: 'rotate(180deg)' }} />
                  </ActionIcon>
                  <ActionIcon aria-label={t('playlist.down', { title })} disabled={i === ids.length - 1} onClick={() => move(i, i + 1)}>
                    <Icon name="down" />
                  </ActionIcon>
                  <ActionIcon aria-label={t('playlist.remove', { title })} onClick={() => onChange(ids.filter((_, n) => n !== i))}>
                    <Icon name="close" />
                  </ActionIcon>
                </Group>
              </li>
            );
          })}
        </ol>
      )}
      {ids.length < limits.bulletins && (
        <Select
          aria-label={t('playlist.add')}
          placeholder={t(ids.length === 0 ? 'playlist.first' : 'playlist.add')}
          data={choice}
          value={null}
          onChange={(id) => id && onChange([...ids, id])}
          searchable
          limit={100}
          maxDropdownHeight={280}
          nothingFoundMessage={t('playlist.none')}
          error={error}
        />
      )}
    </Stack>
  );
}
