import { useInsertionEffect } from 'react';

/** adopt adds rules to the page, or to a shadow root, as a style sheet made by
 * script: style elements are forbidden by the page's policy. It returns how to
 * take them away. */
export function adopt(css: string, root: DocumentOrShadowRoot = document): () => void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  return () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((s) => s !== sheet);
  };
}

interface SheetProps {
  children?: string;
  dangerouslySetInnerHTML?: { __html: string };
}

/** Sheet stands for a style element in what build/sheets.ts rewrites. */
export function Sheet(props: SheetProps) {
  const css = props.children ?? props.dangerouslySetInnerHTML?.__html ?? '';
  useInsertionEffect(() => adopt(css), [css]);
  return null;
}

/** singleton stands for react-style-singleton's: one sheet however many ask. */
export function singleton() {
  let users = 0;
  let drop: (() => void) | undefined;
  return {
    add(css: string) {
      if (users++ === 0) drop = adopt(css);
    },
    remove() {
      if (--users === 0) drop?.();
    },
  };
}
