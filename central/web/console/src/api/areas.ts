import { queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type Schema } from './client';

export type Area = Schema<'Area'>;

export const areasQuery = queryOptions({
  queryKey: ['areas'],
  queryFn: ({ signal }) => api.get('/areas', { signal }),
  staleTime: 10 * 60_000,
});

/** Areas answers what people ask of areas. */
export interface Areas {
  ready: boolean;
  all: Area[];
  get(code: string): Area | undefined;
  /** name in the language that is shown; the code where it is not known. */
  name(code: string): string;
  /** path is the codes from the province down to the area. */
  path(code: string): string[];
  children(code: string): Area[];
  /** commune is the commune of a code, or undefined for a province. */
  commune(code: string): string | undefined;
}

export function areasOf(all: Area[], english: boolean, ready = true): Areas {
  const byCode = new Map(all.map((a) => [a.code, a]));
  const below = new Map<string, Area[]>();
  for (const a of all) {
    if (!a.parent) continue;
    const list = below.get(a.parent) ?? [];
    list.push(a);
    below.set(a.parent, list);
  }
  const get = (code: string) => byCode.get(code);
  return {
    ready,
    all,
    get,
    name(code) {
      const a = get(code);
      return (english && a?.nameEn) || a?.nameVi || code;
    },
    path(code) {
      const path: string[] = [];
      for (let at: string | undefined = code; at && !path.includes(at); at = get(at)?.parent) path.unshift(at);
      return path;
    },
    children: (code) => below.get(code) ?? [],
    commune: (code) => (code.length >= 5 ? code.slice(0, 5) : undefined),
  };
}

const none: Area[] = [];

/** useAreas is all areas that the person may know of; empty until they are there. */
export function useAreas(): Areas {
  const { i18n } = useTranslation();
  const { data } = useQuery(areasQuery);
  const english = i18n.language === 'en';
  return useMemo(() => areasOf(data ?? none, english, data !== undefined), [data, english]);
}
