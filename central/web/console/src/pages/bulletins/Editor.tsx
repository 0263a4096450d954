import { Alert, Button, Group, Paper, SegmentedControl, Select, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '@/api/me';
import { Icon } from '@/app/icons';
import { AreaTree } from './AreaTree';
import { faultsOf, languagesOf, limits, plain, type Content, type Fault } from './bulletin';
import classes from './bulletins.module.css';
import { Sound } from './Sound';
import { Upload } from './Upload';
import words from '@/i18n/vi/words.json';

interface Props {
  content: Content;
  onChange: (change: (c: Content) => Content) => void;
  onSave: () => void;
  saving: boolean;
  saveLabel: string;
}

/** Editor is the form of a bulletin. What is wrong is said where it is, when a
 * person wants to save. */
export function Editor({ content: c, onChange, onSave, saving, saveLabel }: Props) {
  const { t } = useTranslation(['bulletins', 'words']);
  const me = useMe();
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState<Record<string, boolean>>({});
  const faults = faultsOf(c);
  const fault = (field: Fault['field'], language?: string) => {
    const found = tried && faults.find((f) => f.field === field && (language === undefined || f.language === language));
    return found ? t(`fault.${found.word}`, { count: found.count ?? 0, most: field === 'title' ? limits.title : limits.text }) : undefined;
  };
  const languages = languagesOf(c);
  const languageName = (l: string) => t(`words:language.${l as 'vi'}`, { defaultValue: l });
  const others = Object.keys(words.language).filter((l) => l !== 'en' && !languages.includes(l));
  const sending = Object.values(busy).some(Boolean);
  return (
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        setTried(true);
        if (faults.length === 0) onSave();
      }}
    >
      <Stack>
        <TextInput
          label={t('field.title')}
          value={c.title}
          maxLength={limits.title * 2}
          onChange={(e) => {
            const title = plain(e.currentTarget.value);
            onChange((was) => ({ ...was, title }));
          }}
          error={fault('title')}
          required
          withAsterisk={false}
        />
        {languages.map((l) => (
          <Paper key={l}>
            <Stack gap="sm">
              <Group justify="space-between">
                <Title order={2}>{languageName(l)}</Title>
                {languages.length > 1 && (
                  <Button size="sm" variant="subtle" color="gray" onClick={() => onChange((was) => ({ ...was, text: without(was.text, l), audio: without(was.audio, l) }))}>
                    {t('language.remove', { language: languageName(l) })}
                  </Button>
                )}
              </Group>
              <Textarea
                label={t('field.text', { language: languageName(l) })}
                description={t('field.textHint', { count: [...(c.text[l] ?? '')].length, most: limits.text })}
                lang={l}
                dir="auto"
                value={c.text[l] ?? ''}
                maxRows={14}
                onChange={(e) => {
                  const said = plain(e.currentTarget.value);
                  onChange((was) => ({ ...was, text: { ...was.text, [l]: said } }));
                }}
                error={fault('text', l)}
              />
              {c.audio[l] !== undefined && <Sound hash={c.audio[l]} label={languageName(l)} />}
              <Upload
                label={languageName(l)}
                has={c.audio[l] !== undefined}
                onBusy={(b) => setBusy((was) => ({ ...was, [l]: b }))}
                onDone={(audio) => onChange((was) => ({ ...was, audio: { ...was.audio, [l]: audio.sha256 } }))}
              />
            </Stack>
          </Paper>
        ))}
        <Select
          label={t('language.add')}
          placeholder={t('language.addHint')}
          searchable
          value={null}
          data={others.map((l) => ({ value: l, label: languageName(l) }))}
          onChange={(l) => l && onChange((was) => ({ ...was, text: { ...was.text, [l]: '' } }))}
        />
        <div>
          <Text fw={500} mb={4} id="bulletin-class">
            {t('field.class')}
          </Text>
          <SegmentedControl
            aria-labelledby="bulletin-class"
            value={c.class}
            onChange={(v) => onChange((was) => ({ ...was, class: v as Content['class'] }))}
            data={(['routine', 'priority'] as const).map((v) => ({ value: v, label: t(`words:class.${v}`) }))}
          />
          <Text size="sm" c="dimmed" mt={4}>
            {t(`classHint.${c.class}`)}
          </Text>
        </div>
        <AreaTree value={c.areas} onChange={(areas) => onChange((was) => ({ ...was, areas }))} error={fault('areas')} />
        <div className={classes.two}>
          <TextInput
            type="date"
            label={t('field.from')}
            value={c.from}
            onChange={(e) => {
              const from = e.currentTarget.value;
              onChange((was) => ({ ...was, from }));
            }}
          />
          <TextInput
            type="date"
            label={t('field.until')}
            value={c.until}
            onChange={(e) => {
              const until = e.currentTarget.value;
              onChange((was) => ({ ...was, until }));
            }}
            error={fault('until')}
          />
        </div>
        {tried && faults.length > 0 && (
          <Alert color="grain" role="alert">
            {t('fault.some', { count: faults.length })}
          </Alert>
        )}
        <Group>
          <Button type="submit" loading={saving} disabled={sending} leftSection={<Icon name="check" size={18} />}>
            {saveLabel}
          </Button>
          <Text size="sm" c="dimmed">
            {sending ? t('waitForUpload') : t('keptHere', { name: me.name })}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

const without = (all: Record<string, string>, language: string) => Object.fromEntries(Object.entries(all).filter(([l]) => l !== language));
