import { choose } from '../texts/index.ts';

export const links = choose({
  en: {
    accept: 'Join the staff',
    acceptWhat: 'Choose a password for your new account. You are signed in with it.',
    name: 'Your name, if it is not as in the invitation',
    join: 'Join',
    reset: 'Choose a new password',
    resetWhat:
      'All your sessions end, on this device too, and other links that you got are worth nothing. Second factors are still asked for.',
    newPassword: 'New password, at least 12 characters',
    show: 'Show the password',
    set: 'Set the password',
    resetDone: 'The new password is set. Sign in with it.',
    toSignIn: 'To the sign-in',
    toConsole: 'To the console',
    confirm: 'Confirm your new address',
    confirmWhat: 'From then on you sign in with it. Your other sessions end.',
    confirmDone: 'Your new address counts from now on.',
    undo: 'Take the new address back',
    undoWhat:
      'Your account gets its earlier address again, all sessions end, and the password is void: a mail with a link to set a new one goes to the earlier address. Do this if it was not you who changed the address.',
    undoDone: 'Your earlier address counts again. Look into its mailbox for the link to set a new password.',
    verify: 'Verify your address',
    verifyWhat: 'This says that you read the mail of the address of your account.',
    verifyDone: 'Your address is verified.',
    password: 'Your password',
    passwordWhy: 'You are not signed in in this browser, so your password is needed as well.',
    invalid: 'This link is not valid (any more)',
    invalidWhat: {
      accept:
        'It may be used already, older than seven days, or taken back. If you have joined, sign in. Else ask whoever invited you to send the invitation again.',
      reset:
        'It may be used already, or older than an hour. Ask for another one below the sign-in: “Forgot your password?”',
      other:
        'It may be used already, too old, or ended by a change of your account. Ask for another one in your account.',
    },
    none: 'There is no link here',
    noneWhat: 'A link works once, and not after a reload of this page. Open it again from the mail.',
    signedInAs: (email: string) =>
      `In this browser ${email} is signed in. Sign out first, or open the link in a private window.`,
    signOut: 'Sign out and go on',
  },
  de: {
    accept: 'Dem Personal beitreten',
    acceptWhat: 'Wählen Sie ein Passwort für Ihr neues Konto. Sie sind danach damit angemeldet.',
    name: 'Ihr Name, wenn er in der Einladung anders steht',
    join: 'Beitreten',
    reset: 'Ein neues Passwort wählen',
    resetWhat:
      'Alle Ihre Sitzungen enden, auch auf diesem Gerät, und andere Links, die Sie bekommen haben, sind nichts mehr wert. Nach zweiten Faktoren wird weiterhin gefragt.',
    newPassword: 'Neues Passwort, mindestens 12 Zeichen',
    show: 'Passwort anzeigen',
    set: 'Passwort setzen',
    resetDone: 'Das neue Passwort gilt. Melden Sie sich damit an.',
    toSignIn: 'Zur Anmeldung',
    toConsole: 'Zur Konsole',
    confirm: 'Neue Adresse bestätigen',
    confirmWhat: 'Sie melden sich ab dann damit an. Ihre anderen Sitzungen enden.',
    confirmDone: 'Ab jetzt gilt Ihre neue Adresse.',
    undo: 'Die neue Adresse zurücknehmen',
    undoWhat:
      'Ihr Konto bekommt seine frühere Adresse wieder, alle Sitzungen enden, und das Passwort gilt nicht mehr: Eine Mail mit einem Link für ein neues geht an die frühere Adresse. Tun Sie das, wenn nicht Sie die Adresse geändert haben.',
    undoDone: 'Ihre frühere Adresse gilt wieder. In ihrem Postfach ist der Link für ein neues Passwort.',
    verify: 'Adresse bestätigen',
    verifyWhat: 'Das sagt, dass Sie die Mails an die Adresse Ihres Kontos lesen.',
    verifyDone: 'Ihre Adresse ist bestätigt.',
    password: 'Ihr Passwort',
    passwordWhy: 'Sie sind in diesem Browser nicht angemeldet, daher braucht es auch Ihr Passwort.',
    invalid: 'Dieser Link gilt nicht (mehr)',
    invalidWhat: {
      accept:
        'Vielleicht wurde er schon benutzt, ist älter als sieben Tage oder zurückgezogen. Wenn Sie beigetreten sind, melden Sie sich an. Sonst bitten Sie die Person, die Sie eingeladen hat, die Einladung noch einmal zu senden.',
      reset:
        'Vielleicht wurde er schon benutzt oder ist älter als eine Stunde. Einen anderen bekommen Sie unter der Anmeldung: „Passwort vergessen?“',
      other:
        'Vielleicht wurde er schon benutzt, ist zu alt, oder eine Änderung Ihres Kontos hat ihn beendet. Einen anderen bekommen Sie in Ihrem Konto.',
    },
    none: 'Hier ist kein Link',
    noneWhat:
      'Ein Link gilt einmal, und nicht nach dem Neuladen dieser Seite. Öffnen Sie ihn noch einmal aus der Mail.',
    signedInAs: (email) =>
      `In diesem Browser ist ${email} angemeldet. Melden Sie sich zuerst ab, oder öffnen Sie den Link in einem privaten Fenster.`,
    signOut: 'Abmelden und weiter',
  },
});
