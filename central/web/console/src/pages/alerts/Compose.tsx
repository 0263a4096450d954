import { Accordion, Button, NumberInput, Paper, Select, SimpleGrid, Stack, Text, Textarea, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';
import { useMe } from '@/api/me';
import { Icon } from '@/app/icons';
import { isProblem } from '@/api/problem';
import { ProblemNote } from '@/app/ProblemNote';
import { lengthIn } from '@/fleet/length';
import { AreaChoice } from './AreaChoice';
import { Band } from './Band';
import classes from './alerts.module.css';
import { drillVoice, levels, phrases, sirenNames, sirens, type SirenName } from './hazards';
import { HazardIcon } from './HazardIcon';
import { Recorded } from './Recorded';
import { spokenIn, useReach } from './useReach';
import { alone, clean, faults, lasts, limits, moved, placeOf, sirenName, withMessage, type Said, type Wish } from './wish';
import { useAlertWords } from './words';

interface Props {
  wish: Wish;
  onChange: (w: Wish) => void;
  /** Where the person may raise; undefined where the audience stands. */
  roots?: string[];
  onSend: () => void;
  onBack: () => void;
  busy: boolean;
  error: unknown;
  /** How an earlier order stands is not known: nothing new is sent. */
  blocked: boolean;
  update?: boolean;
}

/** Compose is the second step: everything is filled in, is looked over, and can
 * be changed. */
export function Compose({ wish, onChange, roots, onSend, onBack, busy, error, blocked, update = false }: Props) {
  const { t, i18n } = useTranslation(['alerts', 'words']);
  const me = useMe();
  const areas = useAreas();
  const words = useAlertWords();
  const reach = useReach(wish.audience);
  const [choosing, setChoosing] = useState(wish.audience.length === 0);
  const [looked, setLooked] = useState(false);
  const found = faults(wish);
  const length = lasts(wish);
  const away = reach?.filter((b) => !b.online).length ?? 0;
  const set = (change: Partial<Wish>) => onChange({ ...wish, ...change });
  const place = (audience: string[]) => onChange(moved(wish, audience, placeOf(audience, areas)));
  const two = wish.audience.length > 0 && !alone(wish.mode, wish.audience, me);
  const drill = wish.mode === 'drill';
  const recorded = wish.messages.some((m) => m.audio);

  return (
    <Stack gap="md" className={classes.compose}>
      <Band mode={wish.mode}>{t(`band.${drill ? 'drillText' : 'liveText'}`)}</Band>

      <div className={classes.what}>
        <HazardIcon hazard={wish.hazard} size={40} />
        <Title order={1}>{update ? t('compose.update', { hazard: words.hazard(wish.hazard) }) : words.hazard(wish.hazard)}</Title>
        <Button variant="default" onClick={onBack}>
          {t(update ? 'compose.leave' : 'compose.other')}
        </Button>
      </div>

      <Paper>
        <Stack gap="xs">
          <Title order={2} size="h3">
            {t('compose.where')}
          </Title>
          {wish.audience.length > 0 && (
            <Text fw={650} size="lg">
              {words.line(wish.audience)}
            </Text>
          )}
          {reach && wish.audience.length > 0 && (
            <Text>
              {t('compose.reach', { count: reach.length })}
              {away > 0 && <span className={classes.away}> {t('compose.away', { count: away })}</span>}
            </Text>
          )}
          {two && (
            <Text fw={600} c="var(--loa-warn-on-soft)">
              {t('compose.two')}
            </Text>
          )}
          {roots &&
            (choosing ? (
              <AreaChoice audience={wish.audience} onChange={place} roots={roots} />
            ) : (
              <Button variant="default" onClick={() => setChoosing(true)} style={{ alignSelf: 'flex-start' }}>
                {t('compose.changeWhere')}
              </Button>
            ))}
        </Stack>
      </Paper>

      <Paper>
        <Stack gap="xs">
          <Title order={2} size="h3">
            {t('compose.heard')}
          </Title>
          <ol className={classes.heard}>
            {drill && <li>{t('compose.drillVoice', { text: drillVoice.text })}</li>}
            <li>{sirenSentence(t, wish)}</li>
            {recorded ? (
              wish.messages.filter((m) => m.audio).map((m) => <li key={m.language}>{t('compose.recording', { language: language(t, m.language), length: lengthIn(i18n.language, Math.round(m.audio?.seconds ?? 0)) })}</li>)
            ) : (
              <li>
                {t('compose.phrase')} <q className={classes.phrase}>{phrases[wish.phrase].text}</q>
              </li>
            )}
            {drill && <li>{t('compose.drillAgain')}</li>}
          </ol>
          <Text>
            {wish.repetitions > 1
              ? t('compose.rounds', { count: wish.repetitions, round: lengthIn(i18n.language, Math.round(length.round)), all: lengthIn(i18n.language, Math.round(length.all / 60) * 60 || 60) })
              : t('compose.once', { round: lengthIn(i18n.language, Math.round(length.round)) })}
          </Text>
        </Stack>
      </Paper>

      <Messages wish={wish} onChange={onChange} languages={spokenIn(reach ?? [])} showFaults={looked} />

      <Paper>
        <fieldset className={classes.levels}>
          <legend>{t('level.label')}</legend>
          {levels.map((l) => (
            <label key={l} data-level={l} data-chosen={wish.level === l || undefined}>
              <input type="radio" name="level" className="loa-unseen" checked={wish.level === l} onChange={() => set({ level: l })} aria-label={l === 0 ? t('level.none') : t(`level.${l}`)} />
              <span aria-hidden="true">{l === 0 ? t('level.noneShort') : l}</span>
            </label>
          ))}
        </fieldset>
        <Text size="sm" c="dimmed" mt={4}>
          {wish.level === 0 ? t('level.none') : t(`level.${wish.level}`)}
        </Text>
      </Paper>

      <Accordion variant="contained">
        <Accordion.Item value="more">
          <Accordion.Control icon={<Icon name="wrench" />}>{t('compose.more')}</Accordion.Control>
          <Accordion.Panel>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <Select
                label={t('siren.label')}
                data={[...sirenNames.map((n) => ({ value: n, label: t(`siren.${n}`) })), ...(sirenName(wish) === 'other' ? [{ value: 'other', label: t('siren.other') }] : [])]}
                value={sirenName(wish)}
                onChange={(v) => v && v in sirens && set({ siren: { ...sirens[v as SirenName] } })}
                allowDeselect={false}
              />
              <NumberInput label={t('compose.repetitions')} min={1} max={limits.repetitions} value={wish.repetitions} onChange={(v) => set({ repetitions: Number(v) || 0 })} error={found.includes('repetitions') && t('fault.repetitions')} />
              <NumberInput label={t('compose.pause')} min={0} max={limits.pause} value={wish.pause} onChange={(v) => set({ pause: Number(v) || 0 })} />
              <Select
                label={t('compose.lifetime')}
                description={t('compose.lifetimeHint')}
                data={lifetimes(wish.minutes).map((m) => ({ value: String(m), label: lengthIn(i18n.language, m * 60) }))}
                value={String(wish.minutes)}
                onChange={(v) => v && set({ minutes: Number(v) })}
                allowDeselect={false}
              />
            </SimpleGrid>
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>

      <div className={classes.action}>
        {isProblem(error, 'nobody-else') ? (
          <Text role="alert" fw={600} c="var(--loa-warn-on-soft)">
            {t('compose.nobodyElse')}
          </Text>
        ) : (
          <ProblemNote error={error} />
        )}
        {error !== undefined && error !== null && (
          <Text fw={600} role="status">
            {t('compose.notSent')}
          </Text>
        )}
        {looked && found.length > 0 && (
          <Text role="alert" fw={600} c="var(--loa-warn-on-soft)">
            {found.map((f) => t(`fault.${f}`)).join(' ')}
          </Text>
        )}
        {blocked ? (
          <Text fw={600} c="var(--loa-warn-on-soft)">
            {t('compose.blocked')}
          </Text>
        ) : (
          <button
            type="button"
            className={classes.go}
            data-mode={wish.mode}
            aria-busy={busy || undefined}
            onClick={() => {
              setLooked(true);
              if (found.length === 0 && !busy) onSend();
            }}
          >
            {busy ? t('compose.drafting') : t(update ? `compose.goUpdate.${wish.mode}` : `compose.go.${wish.mode}`)}
          </button>
        )}
      </div>
    </Stack>
  );
}

type T = ReturnType<typeof useTranslation<['alerts', 'words']>>['t'];

function language(t: T, code: string): string {
  return t(`words:language.${code as 'vi'}`, { defaultValue: code });
}

function sirenSentence(t: T, w: Wish): string {
  const { blasts, seconds, gap } = w.siren;
  return blasts === 0 || seconds === 0 ? t('siren.silent') : t('siren.sentence', { count: blasts, seconds, gap });
}

const usual = [15, 30, 60, 120, 180, 360, 720, 1440];

/** lifetimes are those that can be chosen, and the one that is. */
function lifetimes(minutes: number): number[] {
  return [...new Set([...usual, minutes])].sort((a, b) => a - b);
}

function Messages({ wish, onChange, languages, showFaults }: { wish: Wish; onChange: (w: Wish) => void; languages: string[]; showFaults: boolean }) {
  const { t } = useTranslation(['alerts', 'words']);
  const [dropped, setDropped] = useState(0);
  const others = [...new Set([...wish.messages.map((m) => m.language), ...languages])].filter((l) => l !== 'vi');
  const { list } = useAlertWords();
  const messageIn = (l: string): Said => wish.messages.find((m) => m.language === l) ?? { language: l, text: '', own: true };
  const write = (said: Said, text: string) => {
    const kept = clean(text);
    setDropped(kept.dropped);
    onChange(withMessage(wish, { ...said, text: kept.text, own: true }));
  };
  const field = (l: string) => {
    const said = messageIn(l);
    const long = [...said.text].length > limits.text;
    return (
      <Stack key={l} gap={6}>
        <Textarea
          label={language(t, l)}
          lang={l}
          value={said.text}
          onChange={(e) => write(said, e.currentTarget.value)}
          minRows={l === 'vi' ? 3 : 2}
          maxRows={10}
          placeholder={l === 'vi' ? undefined : t('message.placeholder')}
          error={(long && t('fault.long')) || (showFaults && l === 'vi' && faults(wish).includes('text') && t('fault.text'))}
        />
        <Recorded said={said} onChange={(audio) => onChange(withMessage(wish, { ...messageIn(l), audio }))} />
      </Stack>
    );
  };
  return (
    <Paper>
      <Stack gap="sm">
        <div>
          <Title order={2} size="h3">
            {t('message.title')}
          </Title>
          <Text size="sm" c="dimmed">
            {t('message.hint')}
          </Text>
        </div>
        {field('vi')}
        {others.length > 0 && (
          <Accordion variant="contained" defaultValue={wish.messages.length > 1 ? 'others' : null}>
            <Accordion.Item value="others">
              <Accordion.Control>{t('message.others', { languages: list(others.map((l) => language(t, l))) })}</Accordion.Control>
              <Accordion.Panel>
                <Stack gap="sm">
                  <Text size="sm">{t('message.othersHint')}</Text>
                  <SimpleGrid cols={{ base: 1, md: 2 }}>{others.map(field)}</SimpleGrid>
                </Stack>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        )}
        {dropped > 0 && (
          <Text size="sm" role="status">
            {t('message.dropped', { count: dropped })}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
