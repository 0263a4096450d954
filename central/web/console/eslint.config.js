import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  tseslint.configs.strict,
  tseslint.configs.stylistic,
  {
    files: ['src/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat['recommended-latest'], jsxA11y.flatConfigs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      'no-restricted-properties': ['error',
        { object: 'Date', property: 'now', message: "The desk's clock may be wrong: serverNow() of @/api/live." },
        { object: 'window', property: 'confirm', message: 'Say it in a dialog.' },
        { object: 'window', property: 'alert', message: 'Say it in a dialog.' },
        { property: 'dangerouslySetInnerHTML', message: 'Text is text.' },
        { property: 'innerHTML', message: 'Text is text.' }],
      'no-restricted-syntax': ['error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: "The desk's clock may be wrong: serverNow() of @/api/live." },
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: 'Text is text.' }],
    },
  },
  { files: ['src/test/**', 'src/**/*.test.{ts,tsx}'], rules: { '@typescript-eslint/no-empty-function': 'off', 'no-restricted-properties': 'off', '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['*.{js,ts}', 'build/*.ts', 'scripts/*.mjs'], languageOptions: { globals: { URL: 'readonly', console: 'readonly', process: 'readonly' } } },
);
