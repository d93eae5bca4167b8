import { choose } from '../texts/index.ts';

export const keys = choose({
  en: {
    title: 'Signing keys',
    what: 'These keys sign the access tokens of all tenants. A key is published before it signs, and stays until the last token that it signed has expired.',
    sideUser: 'Tokens of customers',
    sidePortal: 'Tokens of staff',
    rotatesEvery: (days: number) => `Rotates every ${days} days by itself.`,
    rotatesNever: 'Rotates only when somebody asks.',
    inFiles:
      'These keys lie in files: whoever runs the platform changes them there. A key can be revoked here.',
    states: {
      NEXT: 'Waits',
      ACTIVE: 'Signs',
      RETIRING: 'Signs no more',
      RETIRED: 'Gone',
    },
    published: 'Published',
    revoked: 'Revoked',
    imported: 'imported',
    since: (time: string) => `published ${time}`,
    signsSince: (time: string) => `signs since ${time}`,
    signed: (from: string) => `signed from ${from}`,
    takesOver: (time: string) => `takes over ${time}`,
    waits: 'waits until somebody asks',
    leaves: (time: string) => `its tokens hold until ${time}`,
    left: (time: string) => `left ${time}`,
    revokedAt: (time: string) => `revoked ${time}`,
    timeline: (from: string, to: string) => `Time line of the keys, from ${from} to ${to}`,
    legend: { signs: 'signs', waits: 'published', revoked: 'revoked', now: 'now' },
    overdue:
      'The rotation was asked for, and the process that holds these keys has not done it yet. It does when it runs again.',
    asked: (time: string) => `A rotation was asked for. It happens ${time}.`,
    rotate: 'Rotate',
    revoke: 'Revoke',
    revokeKey: (kid: string) => `Revoke key ${kid}`,
    rotateNow:
      'The key that waits signs within a second. Every verifier that follows the rules has it already.',
    rotateLater: (time: string) =>
      `The key that waits signs from ${time} on: not every verifier has it before.`,
    rotateKeeps: (until: string) =>
      `Tokens of the present key hold until ${until} at the latest. No session ends, and nobody has to sign in.`,
    rotateKeepsAll:
      'Tokens of the present key hold until they expire. No session ends, and nobody has to sign in.',
    rotateBreaks: (minutes: number) =>
      `What breaks: a program that has the public key in a file, or keeps a copy of the key set for longer than ${minutes} minutes, refuses new tokens until it gets the new key.`,
    revokeFinal: 'The key never comes back, and its private half is destroyed.',
    revokeForGood: 'The key never comes back.',
    revokeAtOnce: 'From now on every token of this key is refused, everywhere within a second.',
    revokeUncounted: 'Who holds tokens of it could not be counted just now.',
    revokeUnused: 'It has signed no token that still holds: nobody is concerned.',
    sessions: (count: number) =>
      count === 1
        ? '1 session holds a token of it. It is refused once; the client renews it, and goes on.'
        : `${count} sessions hold a token of it. Each is refused once; clients renew it, and go on.`,
    services: (count: number) =>
      count === 1
        ? '1 service account has a token of it, and has to ask for another one.'
        : `${count} service accounts have tokens of it, and have to ask for others.`,
    impersonations: (count: number) =>
      count === 1
        ? '1 member of staff acts as a customer, and has to begin anew.'
        : `${count} members of staff act as customers, and have to begin anew.`,
    foreign: (minutes: number, until: string) =>
      `Programs of others that read the key set alone, and not the revocations, may take its tokens for up to ${minutes} minutes more, or until these expire (${until}).`,
    successorReady: 'The key that waits takes over at once. Every verifier has it already.',
    successorEarly: (time: string) =>
      `The key that waits takes over at once, though it has not been published for long: until ${time} some verifiers may refuse new tokens, our own for up to 30 seconds.`,
    successorMissing:
      'No key waits. One is made and signs at once: for up to 30 seconds our own verifiers refuse new tokens, others for longer.',
    fileFirst: 'Change the file first: the process goes on signing with this key until it gets another one.',
    reason: 'Reason, for the audit log',
    cancel: 'Cancel',
    history: 'In the audit log',
  },
  de: {
    title: 'Signaturschlüssel',
    what: 'Diese Schlüssel signieren die Zugriffstoken aller Mandanten. Ein Schlüssel wird veröffentlicht, bevor er signiert, und bleibt, bis das letzte von ihm signierte Token abgelaufen ist.',
    sideUser: 'Token der Kunden',
    sidePortal: 'Token des Personals',
    rotatesEvery: (days) => `Wechselt von selbst alle ${days} Tage.`,
    rotatesNever: 'Wechselt nur auf Anforderung.',
    inFiles:
      'Diese Schlüssel liegen in Dateien und werden dort von den Betreibern der Plattform geändert. Widerrufen lässt sich ein Schlüssel hier.',
    states: {
      NEXT: 'Wartet',
      ACTIVE: 'Signiert',
      RETIRING: 'Signiert nicht mehr',
      RETIRED: 'Entfernt',
    },
    published: 'Veröffentlicht',
    revoked: 'Widerrufen',
    imported: 'importiert',
    since: (time) => `veröffentlicht am ${time}`,
    signsSince: (time) => `signiert seit ${time}`,
    signed: (from) => `signierte ab ${from}`,
    takesOver: (time) => `übernimmt am ${time}`,
    waits: 'wartet auf eine Anforderung',
    leaves: (time) => `seine Token gelten bis ${time}`,
    left: (time) => `entfernt am ${time}`,
    revokedAt: (time) => `widerrufen am ${time}`,
    timeline: (from, to) => `Zeitachse der Schlüssel von ${from} bis ${to}`,
    legend: { signs: 'signiert', waits: 'veröffentlicht', revoked: 'widerrufen', now: 'jetzt' },
    overdue:
      'Der Wechsel ist angefordert, aber noch nicht ausgeführt: Der Prozess, der diese Schlüssel hält, antwortet nicht. Er holt ihn nach, sobald er wieder läuft.',
    asked: (time) => `Ein Wechsel ist angefordert. Er findet am ${time} statt.`,
    rotate: 'Wechseln',
    revoke: 'Widerrufen',
    revokeKey: (kid) => `Schlüssel ${kid} widerrufen`,
    rotateNow:
      'Der wartende Schlüssel signiert binnen einer Sekunde. Alle Prüfer, die sich an die Regeln halten, kennen ihn bereits.',
    rotateLater: (time) =>
      `Der wartende Schlüssel signiert ab ${time}. Vorher kennen ihn noch nicht alle Prüfer.`,
    rotateKeeps: (until) =>
      `Token des bisherigen Schlüssels gelten bis spätestens ${until}. Keine Sitzung endet, niemand muss sich neu anmelden.`,
    rotateKeepsAll:
      'Token des bisherigen Schlüssels gelten, bis sie ablaufen. Keine Sitzung endet, niemand muss sich neu anmelden.',
    rotateBreaks: (minutes) =>
      `Was nicht mehr geht: Ein Programm, das den öffentlichen Schlüssel in einer Datei hat oder eine Kopie der Schlüssel länger als ${minutes} Minuten behält, lehnt neue Token ab, bis es den neuen Schlüssel bekommt.`,
    revokeFinal: 'Der Schlüssel kommt nie zurück, sein privater Teil wird vernichtet.',
    revokeForGood: 'Der Schlüssel kommt nie zurück.',
    revokeAtOnce: 'Ab sofort wird jedes Token dieses Schlüssels abgelehnt, überall binnen einer Sekunde.',
    revokeUncounted: 'Wer Token von ihm hat, ließ sich gerade nicht zählen.',
    revokeUnused: 'Er hat kein Token signiert, das noch gilt: Niemand ist betroffen.',
    sessions: (count) =>
      count === 1
        ? '1 Sitzung hat ein Token von ihm. Es wird einmal abgelehnt; die Anwendung erneuert es und macht weiter.'
        : `${count} Sitzungen haben ein Token von ihm. Jedes wird einmal abgelehnt; die Anwendungen erneuern es und machen weiter.`,
    services: (count) =>
      count === 1
        ? '1 Dienstkonto hat ein Token von ihm und muss ein neues anfordern.'
        : `${count} Dienstkonten haben Token von ihm und müssen neue anfordern.`,
    impersonations: (count) =>
      count === 1
        ? '1 Person vom Personal handelt gerade für einen Kunden und muss neu beginnen.'
        : `${count} Personen vom Personal handeln gerade für Kunden und müssen neu beginnen.`,
    foreign: (minutes, until) =>
      `Fremde Programme, die nur die Schlüssel und nicht die Widerrufe lesen, nehmen seine Token unter Umständen noch bis zu ${minutes} Minuten an, höchstens bis zu deren Ablauf (${until}).`,
    successorReady: 'Der wartende Schlüssel übernimmt sofort. Alle Prüfer kennen ihn bereits.',
    successorEarly: (time) =>
      `Der wartende Schlüssel übernimmt sofort, obwohl er noch nicht lange veröffentlicht ist: Bis ${time} lehnen manche Prüfer neue Token vielleicht ab, unsere eigenen bis zu 30 Sekunden lang.`,
    successorMissing:
      'Kein Schlüssel wartet. Ein neuer wird erzeugt und signiert sofort: Bis zu 30 Sekunden lang lehnen unsere eigenen Prüfer neue Token ab, andere länger.',
    fileFirst:
      'Ändern Sie zuerst die Datei: Der Prozess signiert mit diesem Schlüssel weiter, bis er einen anderen bekommt.',
    reason: 'Grund, für das Prüfprotokoll',
    cancel: 'Abbrechen',
    history: 'Im Prüfprotokoll',
  },
});
