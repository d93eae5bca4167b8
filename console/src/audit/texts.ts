import { choose } from '../texts/index.ts';

export const audit = choose({
  en: {
    title: 'Audit log',
    kind: 'Kind of event',
    when: 'When',
    who: 'Who',
    about: 'Account',
    address: 'Address',
    request: 'Request',
    details: 'Details',
    side: 'Side',
    event: 'Event',
    linkTo: 'Link to this event',
    linkedGone:
      'The event of this link is not in this list. It may have been deleted when its time was over, or it does not match the filters.',
    since: 'From',
    until: 'Until',
    nobody: '–',
    none: 'No events match.',
    clear: 'Clear filters',
    exportCsv: 'Export as CSV',
    exportLines: 'Export as JSON lines',
    exporting: (rows: string) => `Exporting, ${rows} events…`,
    exported: (rows: string) => `${rows} events are in the file.`,
    exportStopped: (rows: string, reached: string) =>
      reached ? `The export stopped after ${rows} events, at ${reached}.` : 'The export did not begin.',
    exportNotWritten: 'The file could not be written.',
    exportGoOn: 'Go on',
    exportKeep: 'Keep what there is',
    exportCancel: 'Cancel the export',
  },
  de: {
    title: 'Prüfprotokoll',
    kind: 'Art des Ereignisses',
    when: 'Wann',
    who: 'Wer',
    about: 'Konto',
    address: 'Adresse',
    request: 'Anfrage',
    details: 'Einzelheiten',
    side: 'Seite',
    event: 'Ereignis',
    linkTo: 'Link zu diesem Ereignis',
    linkedGone:
      'Das Ereignis dieses Links ist nicht in dieser Liste. Es kann nach Ablauf seiner Zeit gelöscht worden sein, oder es passt nicht zu den Filtern.',
    since: 'Von',
    until: 'Bis',
    nobody: '–',
    none: 'Keine passenden Ereignisse.',
    clear: 'Filter leeren',
    exportCsv: 'Als CSV exportieren',
    exportLines: 'Als JSON-Zeilen exportieren',
    exporting: (rows) => `Export läuft, ${rows} Ereignisse…`,
    exported: (rows) => `${rows} Ereignisse stehen in der Datei.`,
    exportStopped: (rows, reached) =>
      reached
        ? `Der Export blieb nach ${rows} Ereignissen stehen, bei ${reached}.`
        : 'Der Export hat nicht begonnen.',
    exportNotWritten: 'Die Datei konnte nicht geschrieben werden.',
    exportGoOn: 'Fortsetzen',
    exportKeep: 'Behalten, was da ist',
    exportCancel: 'Export abbrechen',
  },
});

const sides: Record<string, string> = { user: 'Customers', portal: 'Staff' };

export const chainTexts = choose({
  en: {
    title: 'Is the log as it was written?',
    sides,
    states: {
      NOT_VERIFIED: 'Not verified yet',
      INTACT: 'Intact',
      UNCHECKED: 'Not wholly checked',
      BROKEN: 'Changed from outside',
    },
    seals: 'Seals',
    checked: (at: string) => `Verified ${at}`,
    sealed: (number: number, at: string, key: string) => `Seal ${number} of ${at}, under the key ${key}.`,
    noSeal: 'Nothing has been sealed yet.',
    waiting: (rows: number, since: string) =>
      `Events that wait for a seal: ${rows}, the oldest since ${since}.`,
    verified: (at: string, seals: number, events: number) =>
      `Last verified on ${at}. Seals: ${seals}, events: ${events}.`,
    pruned: (rows: number, from: number) =>
      `${rows} of them were deleted when their time was over; from seal ${from} on the log is complete.`,
    late: 'New events have not been sealed for more than a minute, and could be changed meanwhile without a trace. An operator finds what to do in docs/runbooks/SignetAuditUnsealed.md.',
    unchecked: (keys: string) =>
      `Some seals are under the key ${keys}, which the process does not have. An operator adds it to AUDIT_KEY, or verifies with it: npx signet audit verify.`,
    broken: (faults: number) =>
      faults === 1
        ? 'One place of the log is not as it was sealed.'
        : `${faults} places of the log are not as they were sealed.`,
    moreFaults: (more: number) => `And ${more} more: npx signet audit verify names all of them.`,
    whatToDo:
      'Somebody changed the database past the platform. Change nothing there, call whoever answers for security, and go on by docs/audit.md (If the log was changed): compare with the seals in the process log and with a backup.',
    verify: 'Verify now',
    verifying: 'Every event is compared with its seal…',
  },
  de: {
    title: 'Ist das Protokoll, wie es geschrieben wurde?',
    sides: { user: 'Kunden', portal: 'Personal' },
    states: {
      NOT_VERIFIED: 'Noch nicht geprüft',
      INTACT: 'Unversehrt',
      UNCHECKED: 'Nicht vollständig geprüft',
      BROKEN: 'Von außen verändert',
    },
    seals: 'Siegel',
    checked: (at) => `Geprüft ${at}`,
    sealed: (number, at, key) => `Siegel ${number} vom ${at}, mit dem Schlüssel ${key}.`,
    noSeal: 'Noch wurde nichts versiegelt.',
    waiting: (rows, since) => `Ereignisse, die auf ein Siegel warten: ${rows}, das älteste seit ${since}.`,
    verified: (at, seals, events) => `Zuletzt geprüft am ${at}. Siegel: ${seals}, Ereignisse: ${events}.`,
    pruned: (rows, from) =>
      `${rows} davon wurden nach Ablauf ihrer Zeit gelöscht; ab Siegel ${from} ist das Protokoll vollständig.`,
    late: 'Neue Ereignisse sind seit mehr als einer Minute nicht versiegelt und könnten unterdessen spurlos verändert werden. Was zu tun ist, findet der Betrieb in docs/runbooks/SignetAuditUnsealed.md.',
    unchecked: (keys) =>
      `Einige Siegel tragen den Schlüssel ${keys}, den der Prozess nicht hat. Der Betrieb fügt ihn AUDIT_KEY hinzu oder prüft mit ihm: npx signet audit verify.`,
    broken: (faults) =>
      faults === 1
        ? 'Eine Stelle des Protokolls ist nicht so, wie sie versiegelt wurde.'
        : `${faults} Stellen des Protokolls sind nicht so, wie sie versiegelt wurden.`,
    moreFaults: (more) => `Und ${more} weitere: npx signet audit verify nennt alle.`,
    whatToDo:
      'Jemand hat die Datenbank an der Plattform vorbei verändert. Ändern Sie dort nichts, rufen Sie die für Sicherheit Verantwortlichen, und gehen Sie nach docs/audit.md vor (If the log was changed): mit den Siegeln im Prozesslog und mit einer Sicherung vergleichen.',
    verify: 'Jetzt prüfen',
    verifying: 'Jedes Ereignis wird mit seinem Siegel verglichen…',
  },
});
