import i18next, { type BackendModule } from 'i18next';
import { initReactI18next } from 'react-i18next';

export const languages = ['vi', 'en'] as const;
export type Language = (typeof languages)[number];
const remembered = 'loa.language';

// One file for each page and language, fetched when the page is.
const files = import.meta.glob<{ default: object }>('./{vi,en}/*.json');

const backend: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read(language, namespace, done) {
    const load = files[`./${language}/${namespace}.json`];
    if (!load) return done(new Error(`no words for ${language}/${namespace}`), null);
    load().then(
      (m) => done(null, m.default),
      (e: unknown) => done(e instanceof Error ? e : new Error(String(e)), null),
    );
  },
};

export function rememberedLanguage(): Language {
  try {
    return localStorage.getItem(remembered) === 'en' ? 'en' : 'vi';
  } catch {
    return 'vi'; // a browser that keeps nothing
  }
}

export async function setLanguage(language: Language) {
  try {
    localStorage.setItem(remembered, language);
  } catch {
    // It is remembered as long as the page is open.
  }
  await i18next.changeLanguage(language);
}

i18next.on('languageChanged', (language) => {
  document.documentElement.lang = language;
});

/** startWords settles when the shell's words are there. */
export function startWords(language = rememberedLanguage()) {
  return i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: language,
      fallbackLng: false, // a missing key fails a test, and never shows the other language
      supportedLngs: languages,
      load: 'currentOnly',
      ns: ['common', 'shell', 'words'],
      defaultNS: 'common',
      interpolation: { escapeValue: false }, // React escapes
      returnNull: false,
      react: { useSuspense: true },
    });
}

/** withWords fetches a page together with all words that it will ever show: one
 * whose words came later would give way to the sign of waiting once more. */
export async function withWords<M>(load: () => Promise<M>, ...namespaces: string[]): Promise<M> {
  const [page] = await Promise.all([load(), i18next.loadNamespaces(namespaces)]);
  return page;
}
