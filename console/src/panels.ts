/** What a subgraph's panel may use of the console: `import { Section } from '@signet/console'`. */
export { useAction, useOperation, usePages } from './app/operations.ts';
export { choose, formatDate, formatDateTime, language } from './texts/index.ts';
export { type Column, DataTable } from './ui/data-table.tsx';
export { Button, Dialog, Field, Problem, Section, Skeleton } from './ui/ui.tsx';
