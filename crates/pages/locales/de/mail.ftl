### Deutsch. Die Anmerkungen für Übersetzer stehen im englischen Katalog.

forgot-title = Passwort vergessen?
forgot-lead = Geben Sie E-Mail-Adresse oder Benutzernamen ein. Wenn es ein Konto gibt, bekommt sein Inhaber eine E-Mail mit einem Link, um ein neues Passwort festzulegen.
forgot-send = Link senden
forgot-too-many = { $count ->
    [one] Zu viele Anfragen. Warten Sie { $count } Sekunde und versuchen Sie es dann noch einmal.
   *[other] Zu viele Anfragen. Warten Sie { $count } Sekunden und versuchen Sie es dann noch einmal.
}
check-mail-title = Sehen Sie in Ihre E-Mails
check-mail-password = Wenn es ein Konto mit diesem Namen gibt, ist eine E-Mail mit einem Link an seine Adresse unterwegs. Sehen Sie auch im Spam-Ordner nach.
check-mail-registered = Eine E-Mail ist an die angegebene Adresse unterwegs. Öffnen Sie den Link darin, um die Adresse zu bestätigen. Anmelden können Sie sich schon jetzt.
check-mail-verify = Eine E-Mail mit einem Link ist an { $address } unterwegs. Öffnen Sie den Link, um die Adresse zu bestätigen.
back-to-sign-in = Zur Anmeldung
back-to-account = Zurück zu Ihrem Konto
set-password-title = Passwort festlegen
set-password-lead = für { $account }
set-password-new = Neues Passwort
set-password-consequence = Sie werden überall abgemeldet, und Anwendungen und API-Schlüssel des alten Passworts verlieren den Zugriff.
set-password-save = Passwort festlegen
set-password-done-title = Ihr Passwort ist festgelegt
set-password-done = Melden Sie sich mit dem neuen Passwort an. Alle anderen Sitzungen sind beendet.
invitation-title = Willkommen bei der neuen Anmeldung
invitation-lead = für { $account }
invitation-same-password = Ihr Konto und Ihr Passwort bleiben, wie sie sind. Melden Sie sich ab jetzt hier an.
invitation-continue = Weiter zur Anmeldung
invitation-stranger = Wenn das nicht Ihre Adresse ist, schließen Sie diese Seite. Es hat sich nichts geändert.
invitation-new-password = Ihr Konto ist hierher umgezogen. Das alte Passwort konnte nicht mitkommen; wählen Sie ein neues.
invitation-unverified = Ihr Konto ist hierher umgezogen. Dass { $address } Ihnen gehört, hat noch niemand bestätigt; geben Sie dazu einmal das Passwort des Kontos ein.
verify-title = E-Mail-Adresse bestätigen
verify-lead = Bestätigen Sie, dass { $address } Ihnen gehört.
verify-password-hint = Das, das Sie für dieses Konto gewählt haben.
verify-wrong-password = Das ist nicht das Passwort des Kontos. Versuchen Sie es noch einmal, oder legen Sie unten ein neues fest.
verify-confirm = Adresse bestätigen
verify-no-password = Sie kennen es nicht, oder jemand anders hat das Konto angelegt? Machen Sie es zu Ihrem:
verify-new-password = Neues Passwort festlegen
verify-new-password-lead = Damit ist auch Ihre Adresse bestätigt, und das bisherige Passwort des Kontos gilt nicht mehr.
verify-new-password-consequence = Wer bei diesem Konto angemeldet ist, wird überall abgemeldet, und Anwendungen und API-Schlüssel verlieren den Zugriff darauf.
verify-done-title = Ihre Adresse ist bestätigt
verify-done = Danke. { $address } ist bestätigt.
link-over-title = Dieser Link funktioniert nicht mehr
link-over-password = Links funktionieren einmal und für kurze Zeit. Fordern Sie einen neuen an.
link-over-verify = Links funktionieren einmal und für begrenzte Zeit. Wenn Ihre Adresse noch nicht bestätigt ist, melden Sie sich an und lassen Sie sich auf der Kontoseite einen neuen Link senden.
link-over-invitation = Sie sind dieser Einladung schon gefolgt, oder sie ist zu alt. Sie brauchen sie nicht: Melden Sie sich an wie immer.
link-over-sign-in = Anmelden
link-over-again = Neuen Link anfordern
verify-missing = Ihre Adresse { $address } ist nicht bestätigt.
verify-send = Link noch einmal senden
sign-in-failed-mail = Wenn das Passwort neu festgelegt werden muss, ist eine E-Mail mit einem Link an die Adresse des Kontos unterwegs.
