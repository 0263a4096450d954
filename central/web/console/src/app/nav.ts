import { hasRole, may, type Me } from '@/api/me';
import type { IconName } from './icons';

export interface Place {
  to: string;
  key: 'home' | 'clusters' | 'bulletins' | 'programmes' | 'alerts' | 'people' | 'me';
  icon: IconName;
}

/** placesOf are the pages that a person has a use for, in the order in which
 * that person needs them: on a phone the first four have a place on the bar. */
export function placesOf(me: Me): Place[] {
  const place = (key: Place['key']): Place => ({ to: key === 'home' ? '/' : `/${key}`, key, icon: key });
  const clusters = may(me, 'read-fleet') || may(me, 'read-content');
  const content = may(me, 'read-content');
  const found: [Place['key'], boolean][] = hasRole(me, 'officer')
    ? [['home', true], ['alerts', content], ['clusters', clusters], ['bulletins', content], ['programmes', content]]
    : hasRole(me, 'broadcaster')
      ? [['home', true], ['bulletins', content], ['programmes', content], ['alerts', content], ['clusters', clusters]]
      : [['home', true], ['clusters', clusters], ['alerts', content], ['bulletins', content], ['programmes', content]];
  found.push(['people', may(me, 'manage-people') || may(me, 'manage-keys')], ['me', true]);
  return found.filter(([, use]) => use).map(([key]) => place(key));
}
