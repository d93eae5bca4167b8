/** What a subgraph's panel may use of the console: `import { Section } from '@signet/console'`. */
export { useDraft } from './app/drafts.ts';
export { useAction, useOperation, usePages } from './app/operations.ts';
export { useLive } from './dashboard/use-live.ts';
export { choose, formatDate, formatDateTime, language, locale } from './texts/index.ts';
export { Chart, type ChartSeries, Tiles, type Timeline } from './ui/chart.tsx';
export { type Column, DataTable } from './ui/data-table.tsx';
export { Facts } from './ui/form.tsx';
export { notify } from './ui/notices.tsx';
export { Button, Checkbox, Dialog, Field, Filters, Problem, Section, Select, Skeleton } from './ui/ui.tsx';
