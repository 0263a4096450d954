import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';
import type { Clash } from './bulletin';
import classes from './bulletins.module.css';

/** Clashes shows what two people wrote into one field, for one to choose. */
export function Clashes({ clashes, onChoose }: { clashes: Clash[]; onChoose: (clash: Clash, theirs: boolean) => void }) {
  const { t } = useTranslation(['bulletins', 'words']);
  const areas = useAreas();
  const shown = (clash: Clash, said: string) => {
    if (said === '') return t('clash.nothing');
    if (clash.field === 'areas') return said.split(' ').map((c) => areas.name(c)).join(', ');
    if (clash.field === 'class') return t(`words:class.${said as 'routine'}`);
    if (clash.field === 'audio') return t('clash.audio', { hash: said.slice(0, 8) });
    return said;
  };
  return (
    <Alert color="grain" role="alert" title={t('clash.title', { count: clashes.length })}>
      <Stack>
        <Text>{t('clash.text')}</Text>
        {clashes.map((clash) => (
          <section key={`${clash.field} ${clash.language ?? ''}`}>
            <Text fw={600}>
              {t(`clash.field.${clash.field}`)}
              {clash.language !== undefined && ` – ${t(`words:language.${clash.language as 'vi'}`, { defaultValue: clash.language })}`}
            </Text>
            <div className={classes.two}>
              {([false, true] as const).map((theirs) => (
                <div key={String(theirs)} className={classes.version}>
                  <Text size="sm" c="dimmed">
                    {t(theirs ? 'clash.theirs' : 'clash.mine')}
                  </Text>
                  <Text className="loa-written">{shown(clash, theirs ? clash.theirs : clash.mine)}</Text>
                  <Group mt="xs">
                    <Button size="sm" variant="default" onClick={() => onChoose(clash, theirs)}>
                      {t(theirs ? 'clash.takeTheirs' : 'clash.keepMine')}
                    </Button>
                  </Group>
                </div>
              ))}
            </div>
          </section>
        ))}
      </Stack>
    </Alert>
  );
}
