/** What a subgraph's panel may use of the console: `import { Section } from '@signet/console'`. */
export { useDraft } from './app/drafts.ts';
export { useAction, useOperation, usePages } from './app/operations.ts';
export { choose, formatDate, formatDateTime, language } from './texts/index.ts';
export { type Column, DataTable } from './ui/data-table.tsx';
export { notify } from './ui/notices.tsx';
export { Button, Checkbox, Dialog, Field, Filters, Problem, Section, Select, Skeleton } from './ui/ui.tsx';
