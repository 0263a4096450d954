import type { Schema } from '@/api/client';
import type { RoleName } from '@/api/me';

type Greeting = Schema<'Greeting'>;
// The long list of officers last.
const order: RoleName[] = ['broadcaster', 'technician', 'administrator', 'officer'];

/** plain is how people search: without marks. */
const plain = (text: string) =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase();

/** peopleByRole are those who match, by their first role. An area is found by its
 * code and by its name. */
export function peopleByRole(people: Greeting[], search: string, area: (code: string) => string): { role: RoleName; people: Greeting[] }[] {
  const wanted = plain(search.trim());
  const found = people.filter((p) => plain([p.name, p.id, ...p.roles.flatMap((r) => [r.area, area(r.area)])].join(' ')).includes(wanted));
  return order
    .map((role) => ({ role, people: found.filter((p) => order.find((o) => p.roles.some((r) => r.name === o)) === role) }))
    .filter((g) => g.people.length > 0);
}

/** nextOf is where to go after signing in: a page of this console, never
 * another site's. */
export function nextOf(next: string | null): string {
  if (!next?.startsWith('/') || /^\/[/\\]|^\/sign-in|^\/welcome/.test(next)) return '/';
  return next;
}
