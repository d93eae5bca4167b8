import type { RefusalCheckResult, RefusalState, RequestCheck } from '../operations.generated.ts';
import { choose } from '../texts/index.ts';

/** What each check looks at, and its place on the page. */
type CheckNames = Record<RequestCheck, string>;
type Results = Record<RefusalCheckResult, string>;

const list = (locale: string, words: readonly string[], type: 'conjunction' | 'disjunction') =>
  new Intl.ListFormat(locale, { type }).format(words);
const all = (locale: string, anyOf: readonly (readonly string[])[]) =>
  list(
    locale,
    anyOf.map((one) => list(locale, one, 'conjunction')),
    'disjunction',
  );

const english = {
  title: 'Refusals',
  why: 'Why was a request refused?',
  paste: 'Request id, or the whole error or header line',
  find: 'Find',
  notFound: 'There is no request id in this text.',
  example: 'Every answer carries it: X-Request-Id in its headers, requestId in each error.',
  back: 'All refusals',
  request: 'Request',
  inShort: 'In short',
  several:
    'This id stands for several requests. A proxy in front of the entrance has given it more than once.',
  reasons: 'By reason, in the last 24 hours',
  every: 'Every reason',
  latest: 'The latest',
  none: 'Nothing was refused.',
  noneOf: 'Nothing was refused for this reason.',
  noneElse: 'Nothing was refused, apart from requests without a sign-in.',
  withEveryday: (count: string) => `List requests without a sign-in too (${count})`,
  everyday:
    'Each page that is opened asks who is signed in. Where nobody is, the answer is auth.failure.missing_token: no fault. The id of such a request explains it all the same.',
  when: 'When',
  reason: 'Reason',
  operation: 'Operation',
  who: 'Who',
  entrance: 'Entrance',
  client: 'Client',
  network: 'Network',
  answer: 'Answer',
  hash: 'Document',
  route: 'Path',
  role: 'Role',
  nobody: 'Nobody was signed in',
  anonymous: 'without a name',
  service: (id: string) => `Service account ${id}`,
  actingAs: (staff: string, customer: string) => `${staff}, acting as ${customer}`,
  gone: 'an account that is gone',
  partial: (status: number) => `${status}, with part of the data`,
  whole: (status: number) => `${status}, without data`,
  states: {
    RECORDED: '',
    OF_STAFF:
      'This request was refused. It came from another member of staff or from a service of the portal, so only those who may read the audit log can see why.',
    PENDING: 'This request was answered a moment ago. Looking again…',
    TOO_OLD: '',
    LEFT_OUT:
      'Not all that was refused at that time is here: there was more than there was room for, or an entrance could not report it, or not yet. This may have been one of those requests, or it was not refused.',
    NOT_REFUSED:
      'This request was not refused in your tenant. All refusals of that time were kept, and it is not among them. If it got no data, the reason is another one: it may have been sent to another installation.',
    UNKNOWN_ID:
      'Nothing is known of this id. It has not the form of the ids that an entrance makes, so it does not say when the request was. Check that it was copied whole.',
  } satisfies Record<RefusalState, string>,
  tooOld: (since: string) => `Refusals are kept since ${since}, and this request is older.`,
  groups: {
    entrance: 'At the door',
    caller: 'Who asks',
    operation: 'What is asked',
    subgraphs: 'In the subgraphs',
    issuer: 'At the issuer',
  },
  results: {
    PASSED: 'Passed',
    REFUSED: 'Refused',
    NOT_REACHED: 'Not reached',
    NOT_NEEDED: 'Not needed',
    UNKNOWN: 'Not known',
  } satisfies Results,
  unnamed: 'Refused, and it was not noted by which check',
  checks: {
    HOST: 'Host and address of the request',
    ROOM: 'Room at the entrance',
    ROUTE: 'Path and method',
    BODY: 'Size and form of the body',
    TEXT_LIMITS: 'Length of the document',
    FORM: 'Form of the request',
    PLACE: 'A place to run in',
    COOKIES: 'Origin of the page and its cookies',
    TOKEN_FORM: 'Token: form',
    TOKEN_ISSUER: 'Token: issuer',
    TOKEN_TYPE: 'Token: type',
    TOKEN_KEY: 'Token: signing key',
    TOKEN_SIGNATURE: 'Token: signature',
    TOKEN_AUDIENCE: 'Token: audience',
    TOKEN_TIME: 'Token: time',
    TOKEN_CLAIMS: 'Token: claims and platform',
    TOKEN_REVOCATION: 'Token: not revoked',
    DOCUMENT: 'Trusted document',
    SYNTAX: 'Syntax of the document',
    OPERATION: 'Name of the operation',
    LIMITS: 'Depth, size and cost',
    SCHEMA: 'Questions about the schema',
    VALIDATION: 'Fields and arguments exist',
    PLANNING: 'Plan of the operation',
    VARIABLES: 'Values of variables',
    RULES: 'Access rules',
    SUBGRAPH: 'The subgraph answers',
    PROOF: 'The subgraph trusts the gateway',
    GUARD: 'Token, tenant and rules once more',
    ATTEMPTS: 'Number of attempts',
    CREDENTIALS: 'Password, code or link',
    INPUT: 'Values of arguments',
    OBJECT: 'The object is there for the caller',
    ANSWER: 'Room for the answer',
    FAULT: 'No fault on our side',
  } satisfies CheckNames,
  /** Of what a program asks of an OAuth route. */
  oauthChecks: {
    SUBGRAPH: 'The issuer answers',
    FORM: 'Parameters',
    CREDENTIALS: 'The client is itself',
    GUARD: 'Tenant, end and network of the client',
    INPUT: 'Scopes and token',
  } satisfies Partial<CheckNames>,
  places: (count: number) => `at ${count} places`,
  needs: {
    authenticated: 'a sign-in',
    platform: (anyOf: readonly (readonly string[])[]) => `a token of the platform ${all('en', anyOf)}`,
    callers: (anyOf: readonly (readonly string[])[]) => `a caller of the kind ${all('en', anyOf)}`,
    scopes: (anyOf: readonly (readonly string[])[]) => `the scope ${all('en', anyOf)}`,
    policies: (anyOf: readonly (readonly string[])[]) => `the policy ${all('en', anyOf)}`,
    recentAuth: (seconds: number) => `a sign-in in the last ${seconds} s`,
  },
  met: 'met',
  notMet: 'not met',
  bySubgraph: 'the subgraph decides',
  held: (scopes: string) => `The token has: ${scopes}.`,
  heldNone: 'The token has no scope.',
  signInAge: (seconds: number) => `The last sign-in was ${seconds} s before.`,
  limit: (found: number, allowed: number) => `Counted: ${found}. Allowed: ${allowed}.`,
  advice: {
    scope: (roles: string) =>
      `Roles that have it: ${roles}. A super_admin can change the role; the new scopes come with the next token.`,
    scopeNobody: 'No role of staff has it.',
    stepUp: 'The person has to confirm who they are, and then try again.',
    signIn: 'The person has to sign in.',
    signInAgain:
      'The session is over, or its token has expired: the client must refresh it, or the person signs in again.',
    wrongToken:
      'The client sent a token that is not for here. It is a fault of the client or of its settings: which entrance does it call, with whose token?',
    platform:
      'Customers and staff have fields of their own. The person used the wrong entrance, or the client asks for too much.',
    caller:
      'This field is not for this kind of caller: a service account, or somebody who acts as a customer.',
    origin: 'The page is not on the list of origins of this entrance. An operator adds it, if it is ours.',
    wait: (seconds: number) => `Wait ${seconds} s, then try again.`,
    waitSome: 'Wait a moment, then try again.',
    operator: 'It is no fault of the person. An operator finds the cause in the log, by the request id.',
    client: 'The client has to be corrected: its developers find the reason in docs/errors.md.',
    document:
      'The entrance runs listed documents only. A new version of the client was released before its documents were, or it is no client of ours.',
    persisted: 'This is no fault: the client sends the whole document next.',
    limits: 'The client asks for too much at once: smaller pages, fewer fields, or several requests.',
    object: 'It is not there any more, or it belongs to somebody else, another tenant, or a colleague.',
    credentials:
      'The e-mail, password, code or link is wrong, or used up. A password reset helps where it is forgotten.',
    challenge: 'This is no fault: the person has to give the second factor.',
    input: 'A value is not accepted: the client shows which.',
    answer:
      'The operation has run, but its answer was lost: the client takes too many answers at once, or reads too slowly. A change may have been made.',
    tenant: 'The token belongs to another tenant than the one that the request names.',
    role: 'The role does not allow this. A super_admin can change it.',
    program: 'The program has to be corrected: its developers find the rules in docs/oauth.md.',
    programId:
      'Compare client_id with the service account, and the side (user, portal) that the program asks.',
    programKey:
      'Compare the credentials of the service account with what the program uses. Where they are lost, give it a new key or secret.',
    programKeys:
      'Whoever runs the program looks after the address of its key set, or gives a key in its place.',
    programOnce:
      'The program has to make a new assertion for each request. If it does, somebody else sent this one.',
    programEnd: 'Give the service account a later end, if it is still needed.',
    programNetwork: 'Add the network to those of the service account, if it is that of the program.',
    programScope: 'The program has to ask for fewer scopes, or the service account needs more.',
  },
};

export const refusalTexts = choose({
  en: english,
  de: {
    title: 'Ablehnungen',
    why: 'Warum wurde eine Anfrage abgelehnt?',
    paste: 'Anfrage-ID, oder der ganze Fehler oder die Kopfzeile',
    find: 'Suchen',
    notFound: 'In diesem Text steht keine Anfrage-ID.',
    example: 'Jede Antwort enthält sie: X-Request-Id in den Kopfzeilen, requestId in jedem Fehler.',
    back: 'Alle Ablehnungen',
    request: 'Anfrage',
    inShort: 'Kurz gesagt',
    several:
      'Diese ID steht für mehrere Anfragen. Ein Proxy vor dem Zugang hat sie mehr als einmal vergeben.',
    reasons: 'Nach Grund, in den letzten 24 Stunden',
    every: 'Alle Gründe',
    latest: 'Die neuesten',
    none: 'Nichts wurde abgelehnt.',
    noneOf: 'Aus diesem Grund wurde nichts abgelehnt.',
    noneElse: 'Nichts wurde abgelehnt, abgesehen von Anfragen ohne Anmeldung.',
    withEveryday: (count) => `Auch Anfragen ohne Anmeldung zeigen (${count})`,
    everyday:
      'Jede Seite, die geöffnet wird, fragt, wer angemeldet ist. Ist es niemand, lautet die Antwort auth.failure.missing_token: kein Fehler. Die ID einer solchen Anfrage erklärt sie trotzdem.',
    when: 'Wann',
    reason: 'Grund',
    operation: 'Operation',
    who: 'Wer',
    entrance: 'Zugang',
    client: 'Client',
    network: 'Netz',
    answer: 'Antwort',
    hash: 'Dokument',
    route: 'Pfad',
    role: 'Rolle',
    nobody: 'Niemand war angemeldet',
    anonymous: 'ohne Namen',
    service: (id) => `Dienstkonto ${id}`,
    actingAs: (staff, customer) => `${staff}, im Namen von ${customer}`,
    gone: 'ein Konto, das es nicht mehr gibt',
    partial: (status) => `${status}, mit einem Teil der Daten`,
    whole: (status) => `${status}, ohne Daten`,
    states: {
      RECORDED: '',
      OF_STAFF:
        'Diese Anfrage wurde abgelehnt. Sie kam von einer anderen Person des Personals oder von einem Dienst des Portals; warum, sieht nur, wer das Prüfprotokoll lesen darf.',
      PENDING: 'Diese Anfrage wurde eben erst beantwortet. Es wird erneut gesucht…',
      TOO_OLD: '',
      LEFT_OUT:
        'Nicht alles, was zu dieser Zeit abgelehnt wurde, ist hier: Es war mehr, als aufbewahrt werden konnte, oder ein Zugang konnte es nicht melden, oder noch nicht. Diese Anfrage kann darunter gewesen sein, oder sie wurde nicht abgelehnt.',
      NOT_REFUSED:
        'Diese Anfrage wurde in Ihrem Mandanten nicht abgelehnt. Alle Ablehnungen dieser Zeit wurden aufbewahrt, und sie ist nicht darunter. Kamen keine Daten, hat das einen anderen Grund: Vielleicht ging sie an eine andere Installation.',
      UNKNOWN_ID:
        'Zu dieser ID ist nichts bekannt. Sie hat nicht die Form der IDs, die ein Zugang vergibt, und sagt daher nicht, wann die Anfrage war. Prüfen Sie, ob sie vollständig kopiert wurde.',
    },
    tooOld: (since) => `Ablehnungen werden seit ${since} aufbewahrt, und diese Anfrage ist älter.`,
    groups: {
      entrance: 'Am Eingang',
      caller: 'Wer fragt',
      operation: 'Was gefragt wird',
      subgraphs: 'In den Teilgraphen',
      issuer: 'Beim Aussteller',
    },
    results: {
      PASSED: 'Bestanden',
      REFUSED: 'Abgelehnt',
      NOT_REACHED: 'Nicht erreicht',
      NOT_NEEDED: 'Nicht nötig',
      UNKNOWN: 'Nicht bekannt',
    },
    unnamed: 'Abgelehnt; von welcher Prüfung, wurde nicht festgehalten',
    checks: {
      HOST: 'Host und Adresse der Anfrage',
      ROOM: 'Platz am Zugang',
      ROUTE: 'Pfad und Methode',
      BODY: 'Größe und Form des Inhalts',
      TEXT_LIMITS: 'Länge des Dokuments',
      FORM: 'Form der Anfrage',
      PLACE: 'Platz für die Ausführung',
      COOKIES: 'Herkunft der Seite und ihre Cookies',
      TOKEN_FORM: 'Token: Form',
      TOKEN_ISSUER: 'Token: Aussteller',
      TOKEN_TYPE: 'Token: Art',
      TOKEN_KEY: 'Token: Signaturschlüssel',
      TOKEN_SIGNATURE: 'Token: Signatur',
      TOKEN_AUDIENCE: 'Token: Empfänger',
      TOKEN_TIME: 'Token: Gültigkeitszeit',
      TOKEN_CLAIMS: 'Token: Angaben und Plattform',
      TOKEN_REVOCATION: 'Token: nicht widerrufen',
      DOCUMENT: 'Zugelassenes Dokument',
      SYNTAX: 'Syntax des Dokuments',
      OPERATION: 'Name der Operation',
      LIMITS: 'Tiefe, Umfang und Kosten',
      SCHEMA: 'Fragen nach dem Schema',
      VALIDATION: 'Felder und Argumente gibt es',
      PLANNING: 'Plan der Operation',
      VARIABLES: 'Werte der Variablen',
      RULES: 'Zugriffsregeln',
      SUBGRAPH: 'Der Teilgraph antwortet',
      PROOF: 'Der Teilgraph vertraut dem Gateway',
      GUARD: 'Token, Mandant und Regeln noch einmal',
      ATTEMPTS: 'Zahl der Versuche',
      CREDENTIALS: 'Passwort, Code oder Link',
      INPUT: 'Werte der Argumente',
      OBJECT: 'Das Objekt ist für diese Person da',
      ANSWER: 'Platz für die Antwort',
      FAULT: 'Kein Fehler auf unserer Seite',
    },
    oauthChecks: {
      SUBGRAPH: 'Der Aussteller antwortet',
      FORM: 'Parameter',
      CREDENTIALS: 'Der Client hat sich ausgewiesen',
      GUARD: 'Mandant, Ende und Netz des Clients',
      INPUT: 'Berechtigungen und Token',
    },
    places: (count) => `an ${count} Stellen`,
    needs: {
      authenticated: 'eine Anmeldung',
      platform: (anyOf) => `ein Token der Plattform ${all('de', anyOf)}`,
      callers: (anyOf) => `ein Aufrufer der Art ${all('de', anyOf)}`,
      scopes: (anyOf) => `die Berechtigung ${all('de', anyOf)}`,
      policies: (anyOf) => `die Richtlinie ${all('de', anyOf)}`,
      recentAuth: (seconds) => `eine Anmeldung in den letzten ${seconds} s`,
    },
    met: 'erfüllt',
    notMet: 'nicht erfüllt',
    bySubgraph: 'der Teilgraph entscheidet',
    held: (scopes) => `Das Token hat: ${scopes}.`,
    heldNone: 'Das Token hat keine Berechtigung.',
    signInAge: (seconds) => `Die letzte Anmeldung lag ${seconds} s zurück.`,
    limit: (found, allowed) => `Gezählt: ${found}. Erlaubt: ${allowed}.`,
    advice: {
      scope: (roles) =>
        `Rollen, die sie haben: ${roles}. Die Rolle kann ein super_admin ändern; die neuen Berechtigungen kommen mit dem nächsten Token.`,
      scopeNobody: 'Keine Rolle des Personals hat sie.',
      stepUp: 'Die Person muss bestätigen, wer sie ist, und es dann erneut versuchen.',
      signIn: 'Die Person muss sich anmelden.',
      signInAgain:
        'Die Sitzung ist beendet oder ihr Token abgelaufen: Der Client muss es erneuern, oder die Person meldet sich neu an.',
      wrongToken:
        'Der Client hat ein Token geschickt, das nicht für hier bestimmt ist. Der Fehler liegt am Client oder an seinen Einstellungen: Welchen Zugang ruft er auf, mit wessen Token?',
      platform:
        'Kunden und Personal haben eigene Felder. Die Person hat den falschen Zugang benutzt, oder der Client fragt nach zu viel.',
      caller:
        'Dieses Feld ist nicht für diese Art von Aufrufer: ein Dienstkonto, oder jemand, der im Namen eines Kunden handelt.',
      origin:
        'Die Seite steht nicht auf der Liste der Herkünfte dieses Zugangs. Gehört sie uns, trägt der Betrieb sie ein.',
      wait: (seconds) => `${seconds} s warten, dann erneut versuchen.`,
      waitSome: 'Einen Moment warten, dann erneut versuchen.',
      operator:
        'Die Person hat nichts falsch gemacht. Der Betrieb findet die Ursache im Log, über die Anfrage-ID.',
      client: 'Der Client muss berichtigt werden: Wer ihn entwickelt, findet den Grund in docs/errors.md.',
      document:
        'Der Zugang führt nur eingetragene Dokumente aus. Eine neue Version des Clients kam vor ihren Dokumenten, oder es ist keiner unserer Clients.',
      persisted: 'Das ist kein Fehler: Der Client schickt als Nächstes das ganze Dokument.',
      limits:
        'Der Client fragt nach zu viel auf einmal: kleinere Seiten, weniger Felder oder mehrere Anfragen.',
      object:
        'Es ist nicht mehr da, oder es gehört jemand anderem, einem anderen Mandanten oder einer anderen zuständigen Person.',
      credentials:
        'E-Mail, Passwort, Code oder Link ist falsch oder verbraucht. Ist das Passwort vergessen, hilft das Zurücksetzen.',
      challenge: 'Das ist kein Fehler: Die Person muss den zweiten Faktor eingeben.',
      input: 'Ein Wert wird nicht angenommen: Der Client zeigt, welcher.',
      answer:
        'Die Operation wurde ausgeführt, aber ihre Antwort ging verloren: Der Client holt zu viele Antworten auf einmal, oder er liest zu langsam. Eine Änderung kann erfolgt sein.',
      tenant: 'Das Token gehört zu einem anderen Mandanten als dem, den die Anfrage nennt.',
      role: 'Die Rolle erlaubt das nicht. Ein super_admin kann sie ändern.',
      program: 'Das Programm muss berichtigt werden: Wer es entwickelt, findet die Regeln in docs/oauth.md.',
      programId:
        'Vergleichen Sie client_id mit dem Dienstkonto, und die Seite (user, portal), die das Programm fragt.',
      programKey:
        'Vergleichen Sie die Zugangsdaten des Dienstkontos mit denen des Programms. Sind sie verloren, geben Sie ihm einen neuen Schlüssel oder ein neues Geheimnis.',
      programKeys:
        'Wer das Programm betreibt, sieht nach der Adresse seiner Schlüssel, oder gibt stattdessen einen Schlüssel an.',
      programOnce:
        'Das Programm muss für jede Anfrage eine neue Assertion machen. Tut es das, hat jemand anderes diese geschickt.',
      programEnd: 'Geben Sie dem Dienstkonto ein späteres Ende, wenn es noch gebraucht wird.',
      programNetwork: 'Tragen Sie das Netz beim Dienstkonto ein, wenn es das des Programms ist.',
      programScope: 'Das Programm muss weniger Berechtigungen verlangen, oder das Dienstkonto braucht mehr.',
    },
  },
});
