### Deutsch. Die Anmerkungen für Übersetzer stehen im englischen Katalog.

consent-title = { $client } möchte auf Ihr Konto zugreifen
consent-host = von { $host }
consent-account = Angemeldet als { $account }
not-you = Nicht Sie?
consent-scopes = Die Anwendung kann dann:
consent-more = { $count ->
    [one] { $count } weitere anzeigen
   *[other] { $count } weitere anzeigen
}
deny = Ablehnen
allow = Erlauben
consent-redirect = Sie werden zu { $host } weitergeleitet.
consent-policy = Datenschutzerklärung
consent-terms = Nutzungsbedingungen
scope-sensitive = Sensibel
scope-granted = Schon erlaubt
scope-openid = Bestätigen, wer Sie sind
scope-profile = Ihren Namen, Benutzernamen und Ihr Bild sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-address = Ihre Postanschrift sehen
scope-phone = Ihre Telefonnummer sehen
scope-groups = Ihre Gruppen, Rollen und Organisation sehen
scope-offline-access = Diesen Zugriff behalten, auch wenn Sie nicht da sind
form-post-title = Zurück zu { $client }
form-post-text = Wenn nichts geschieht, geht es mit der Schaltfläche weiter.
