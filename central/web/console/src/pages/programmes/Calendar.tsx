import { Button, Group, UnstyledButton } from '@mantine/core';
import { DayView, WeekView, type ScheduleEventData } from '@mantine/schedule';
import '@mantine/dates/styles.css';
import '@mantine/schedule/styles.css';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { serverNow } from '@/api/clock';
import { localOf, momentOf, useWhen } from '@/app/when';
import { usePlaces } from '@/fleet/places';
import type { Entry, Occurrence } from './calendar';
import type { Shift } from './move';
import classes from './programmes.module.css';
import { weekdayOf } from './recurrence';
import { useWords } from './words';

interface Props {
  /** Show one day, for fingers; else the week that begins on day. */
  narrow: boolean;
  day: string;
  entries: Entry[];
  hours: { startTime: string; endTime: string };
  may: (o: Occurrence) => boolean;
  mayAdd: boolean;
  onAdd: (at: string, seconds?: number) => void;
  onOpen: (e: Entry) => void;
  onShift: (o: Occurrence, s: Shift) => void;
}

/** Of an hour, px: a programme of a minute is drawn one line high. */
const hourHeight = 200;

// The calendar counts in wall times; Vietnam's are what it is given.
const toCalendar = (local: string) => local.replace('T', ' ');
const fromCalendar = (at: string) => at.replace(' ', 'T');
const secondsFrom = (from: string, to: string) => Math.round((momentOf(to).getTime() - momentOf(from).getTime()) / 1000);

/** Calendar draws programmes on a week or a day, and takes what is dragged. */
export default function Calendar({ narrow, day, entries, hours, may, mayAdd, onAdd, onOpen, onShift }: Props) {
  const { t, i18n } = useTranslation(['programmes', 'words']);
  const when = useWhen();
  const { place } = usePlaces();
  const words = useWords();
  const viewport = useRef<HTMLDivElement>(null);
  const byID = new Map(entries.map((e) => [e.id, e]));
  const titleOf = (e: Entry) => (e.occurrences.length === 1 ? e.occurrences[0].title : t('group.many', { count: e.occurrences.length }));
  const whereOf = (e: Entry) => (e.occurrences.length === 1 ? place(e.occurrences[0].area) : '');
  const labelOf = (e: Entry) => {
    const [o] = e.occurrences;
    return [`${words.clock(localOf(o.start))}–${words.clock(localOf(o.end))}`, titleOf(e), whereOf(e), t(`words:class.${o.class}`)].filter(Boolean).join(', ');
  };
  const events: ScheduleEventData[] = entries.map((e) => ({ id: e.id, title: titleOf(e), start: toCalendar(e.start), end: toCalendar(e.end), color: 'ridge' }));
  const one = (event: ScheduleEventData): Occurrence | undefined => {
    const e = byID.get(String(event.id));
    return e?.occurrences.length === 1 && may(e.occurrences[0]) ? e.occurrences[0] : undefined;
  };
  const slot = ({ start, end }: { start: string; end: string }) => ({
    'aria-label': mayAdd
      ? t('slot.add', { at: start.slice(11, 16), day: when.weekday(momentOf(fromCalendar(start))) })
      : t('slot.empty', { at: start.slice(11, 16), until: end.slice(11, 16), day: when.weekday(momentOf(fromCalendar(start))) }),
  });
  const common = {
    ...hours,
    date: day,
    events,
    locale: i18n.language,
    withHeader: false,
    slotHeight: hourHeight,
    intervalMinutes: 15,
    startScrollTime: hours.startTime,
    getCurrentTime: () => toCalendar(localOf(serverNow())),
    getTimeSlotProps: slot,
    scrollAreaProps: { mah: 'max(24rem, calc(100dvh - 20.5rem))', type: 'auto' as const, viewportRef: viewport },
    labels: { timeSlot: t('slot.name'), weekday: '', week: t('slot.week'), allDay: t('slot.allDay') },
    withEventsDragAndDrop: !narrow,
    withEventResize: !narrow,
    eventDragInterval: 5,
    eventResizeInterval: 5,
    canDragEvent: (e: ScheduleEventData) => one(e) !== undefined,
    canResizeEvent: (e: ScheduleEventData) => one(e) !== undefined,
    onTimeSlotClick: ({ slotStart }: { slotStart: string }) => mayAdd && onAdd(fromCalendar(slotStart)),
    withDragSlotSelect: mayAdd && !narrow,
    onSlotDragEnd: (start: string, end: string) => onAdd(fromCalendar(start), secondsFrom(fromCalendar(start), fromCalendar(end))),
    onEventClick: (event: ScheduleEventData) => {
      const e = byID.get(String(event.id));
      if (e) onOpen(e);
    },
    onEventDrop: ({ event, newStart }: { event: ScheduleEventData; newStart: string }) => {
      const o = one(event);
      const from = o && localOf(o.start);
      const to = fromCalendar(newStart);
      if (o && from && to !== from) onShift(o, { from, to, seconds: secondsFrom(from, localOf(o.end)) });
    },
    onEventResize: ({ event, newStart, newEnd }: { event: ScheduleEventData; newStart: string; newEnd: string }) => {
      const o = one(event);
      if (!o) return;
      const from = localOf(o.start);
      const upper = newStart !== event.start; // which edge was dragged; the other keeps its true time
      const to = upper ? fromCalendar(newStart) : from;
      const end = upper ? localOf(o.end) : fromCalendar(newEnd);
      if (to < end) onShift(o, { from, to, seconds: secondsFrom(to, end) });
    },
    renderEvent: (event: ScheduleEventData, { children, ...props }: React.ComponentPropsWithoutRef<'button'> & { children: React.ReactNode }) => {
      const e = byID.get(String(event.id));
      return (
        <UnstyledButton {...props} className={`${props.className ?? ''} ${classes.event}`} data-class={e?.occurrences[0].class} aria-label={e && labelOf(e)} title={e && labelOf(e)}>
          {children}
        </UnstyledButton>
      );
    },
    renderEventBody: (event: ScheduleEventData) => {
      const e = byID.get(String(event.id));
      return (
        e && (
          <span className={classes.body}>
            <span className={classes.at}>{words.clock(localOf(e.occurrences[0].start))}</span> {titleOf(e)}
            {whereOf(e) && <span className={classes.where}>{whereOf(e)}</span>}
          </span>
        )
      );
    },
  };
  const jump = (hour: number) => viewport.current?.scrollTo({ top: (hour - Number(hours.startTime.slice(0, 2))) * hourHeight });
  return (
    <>
      <Group gap="xs" className={classes.jumps}>
        {(['morning', 'noon', 'afternoon', 'evening'] as const).map((part, i) => (
          <Button key={part} size="compact-md" variant="default" onClick={() => jump([5, 11, 16, 19][i] ?? 5)}>
            {t(`jump.${part}`)}
          </Button>
        ))}
      </Group>
      {narrow ? (
        <DayView {...common} className={classes.calendar} withAllDaySlot={false} />
      ) : (
        <WeekView
          {...common}
          className={classes.calendar}
          withAllDaySlots={false}
          withWeekNumber={false}
          weekendDays={[]}
          firstDayOfWeek={1}
          highlightToday
          weekdayFormat={(d) => t(`weekday.${weekdayOf(d.slice(0, 10))}`)}
        />
      )}
    </>
  );
}
