import postcss from 'postcss';
import type { Plugin } from 'vite';

// Mantine's style sheet is for all of its components. Their classes are hashes
// that stand in the script of each component: a rule whose class stands in no
// script that was built is for a component that nobody uses here, and is left
// out. What is left keeps its order.
const hashed = /\.(m_[0-9a-f]+)/g;

/** prune leaves out the rules of classes that are not used. */
export function prune(css: string, used: (name: string) => boolean): string {
  const root = postcss.parse(css);
  root.walkRules((rule) => {
    // Within :not() a class that nobody has is always true.
    const wanted = rule.selectors.filter((s) => [...s.replace(/:not\([^)]*\)/g, '').matchAll(hashed)].every(([, name]) => used(name ?? '')));
    if (wanted.length === 0) rule.remove();
    else if (wanted.length < rule.selectors.length) rule.selectors = wanted;
  });
  root.walkAtRules((at) => {
    if (at.nodes?.length === 0) at.remove();
  });
  return root.toString();
}

export function unused(): Plugin {
  return {
    name: 'loa:unused',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const names = new Set<string>();
        for (const file of Object.values(bundle)) {
          if (file.type === 'chunk') for (const [name] of file.code.matchAll(/\bm_[0-9a-f]+\b/g)) names.add(name);
        }
        for (const file of Object.values(bundle)) {
          if (file.type === 'asset' && file.fileName.endsWith('.css')) file.source = prune(String(file.source), (n) => names.has(n));
        }
      },
    },
  };
}
