import { ActionIcon, Button, Menu, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { languages, setLanguage } from '@/i18n';
import { Icon } from './icons';
import classes from './shell.module.css';

const names = { vi: 'Tiếng Việt', en: 'English' }; // each in its own language
const schemes: MantineColorScheme[] = ['light', 'dark', 'auto'];

/** Choices are the language and the colours, which every page has. */
export function Choices() {
  const { t, i18n } = useTranslation('shell');
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const other = languages.find((l) => l !== i18n.language) ?? 'vi';
  return (
    <>
      <Button variant="subtle" className={classes.onShell} px="xs" lang={other} onClick={() => void setLanguage(other)} aria-label={`${t('language')}: ${names[other]}`}>
        {other.toUpperCase()}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon className={classes.onShell} aria-label={t('scheme.label')}>
            <Icon name={colorScheme === 'dark' ? 'moon' : 'sun'} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {schemes.map((s) => (
            <Menu.Item key={s} onClick={() => setColorScheme(s)} rightSection={s === colorScheme ? <Icon name="check" size={16} /> : undefined}>
              {t(`scheme.${s}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
