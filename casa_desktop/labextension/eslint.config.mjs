import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import tseslint from 'typescript-eslint';

// From the roof down: what lies in a folder imports only from those after it.
const FLOORS = [
  'lab',
  'view',
  'connection',
  'picture',
  'video',
  'log',
  'rfb',
  'server'
];
const floors = FLOORS.map((folder, floor) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...FLOORS.slice(0, floor).map(above => ({
            group: [`**/${above}/**`],
            message: `${folder}/ lies below ${above}/.`
          })),
          ...(folder === 'lab'
            ? []
            : [
                {
                  group: ['@jupyterlab/**'],
                  message: 'The page has no JupyterLab; only lab/ imports it.'
                }
              ])
        ]
      }
    ]
  }
}));

export default tseslint.config(
  { ignores: ['.build', '.yarn', 'dist', 'lib', 'node_modules'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: globals.node }
  },
  {
    files: ['src/**/*.ts', 'tests/**/*.ts'],
    extends: [tseslint.configs.recommended],
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'prefer-arrow-callback': 'error'
    }
  },
  {
    files: ['src/**/*.ts'],
    languageOptions: {
      parserOptions: {
        project: 'tsconfig.json',
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error'
    }
  },
  ...floors,
  prettier
);
