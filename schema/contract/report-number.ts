/**
 * Which report of which sender it is, so that auth takes in a report once where its answer got lost and it was sent again. A sender numbers
 * its reports from 1 on and sends the next one only when the one before it is answered.
 */
export type ReportNumber = {
  /** UUID of one stream of reports, made when the process starts. */
  sender: string;
  number: number;
};

/** The query of a report's URL. The proof covers it, and an auth process of the release before ignores it. */
export function formatReportNumber({ sender, number }: ReportNumber): string {
  return `?sender=${sender}&number=${number}`;
}
