import reactHooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Imports go one way: app → features → api. */
const oneWay = (files, forbidden, reason) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: forbidden, message: reason }] }] },
});

export default defineConfig(
  { ignores: ['dist', 'node_modules', 'screenshots'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, reactHooks.configs.flat['recommended-latest']],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', 300],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
    },
  },
  oneWay(['src/api/**'], ['**/features/**', '**/app/**', 'react', 'react-dom'], 'api knows neither features nor React'),
  oneWay(['src/features/**'], ['**/app/**'], 'features do not know the app'),
);
