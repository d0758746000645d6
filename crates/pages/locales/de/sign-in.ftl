### Deutsch. Die Anmerkungen für Übersetzer stehen im englischen Katalog.

title-error = Fehler:
sign-in = Anmelden
sign-in-to = Bei { $client } anmelden
sign-in-again = Geben Sie Ihr Passwort noch einmal ein, um fortzufahren.
sign-in-failed = Das hat nicht geklappt. Prüfen Sie E-Mail-Adresse oder Benutzernamen und das Passwort und versuchen Sie es noch einmal.
sign-in-too-many = { $count ->
    [one] Zu viele Versuche. Warten Sie { $count } Sekunde und versuchen Sie es dann noch einmal.
   *[other] Zu viele Versuche. Warten Sie { $count } Sekunden und versuchen Sie es dann noch einmal.
}
form-expired = Diese Seite war zu lange geöffnet. Bitte versuchen Sie es noch einmal.
identifier = E-Mail-Adresse oder Benutzername
password = Passwort
forgot-password = Passwort vergessen?
remember = Angemeldet bleiben
cancel = Abbrechen
continue = Weiter
register-offer = Neu hier?
register = Konto anlegen
register-lead = um mit { $client } fortzufahren
register-have-account = Sie haben schon ein Konto?
email = E-Mail-Adresse
username = Benutzername
username-hint = Buchstaben, Ziffern, Punkte, Binde- und Unterstriche.
password-hint = { $count ->
    [one] Mindestens { $count } Zeichen. Gut sind einige Wörter ohne Zusammenhang.
   *[other] Mindestens { $count } Zeichen. Gut sind einige Wörter ohne Zusammenhang.
}
form-has-errors = Bitte prüfen Sie diese Felder:
register-error-email = Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@example.com.
register-error-exists = Mit dieser E-Mail-Adresse oder diesem Benutzernamen gibt es schon ein Konto. Melden Sie sich an, oder wählen Sie etwas anderes.
register-error-password-common = Dieses Passwort ist zu leicht zu erraten. Wählen Sie ein anderes.
register-error-password-long = Dieses Passwort ist zu lang. Wählen Sie ein kürzeres.
register-error-password-short = { $count ->
    [one] Dieses Passwort ist zu kurz. Nehmen Sie mindestens { $count } Zeichen.
   *[other] Dieses Passwort ist zu kurz. Nehmen Sie mindestens { $count } Zeichen.
}
register-error-password-simple = Nehmen Sie Groß- und Kleinbuchstaben, eine Ziffer und ein Sonderzeichen.
register-error-username = Nehmen Sie 3 bis 50 Buchstaben, Ziffern, Punkte, Binde- oder Unterstriche.
chooser-title = Konto auswählen
chooser-lead = um mit { $client } fortzufahren
chooser-same-password = Mehrere Konten haben diesen Namen und dieses Passwort.
chooser-signed-out = Abgemeldet
use-another-account = Anderes Konto verwenden
sign-out-question = Möchten Sie sich abmelden?
sign-out-asked-by = { $client } möchte Sie abmelden.
sign-out-account = Sie sind als { $account } angemeldet.
sign-out = Abmelden
stay = Angemeldet bleiben
signed-out = Sie sind abgemeldet
signed-out-text = Sie können diese Seite schließen. Schließen Sie an einem gemeinsam genutzten Computer auch den Browser.
signed-out-elsewhere = Bei { $provider } sind Sie vielleicht noch angemeldet. Melden Sie sich an einem gemeinsam genutzten Computer auch dort ab und schließen Sie den Browser.
sign-out-of = Bei { $provider } abmelden
sign-in-once-more = Wieder anmelden
# Knopf unter dem Anmeldeformular: führt zu einem anderen Anmeldedienst. { $provider } ist sein Name für Menschen.
upstream-continue = Weiter mit { $provider }
# Unter diesem Knopf, solange der Dienst nicht antwortet. Darf nichts über irgendein Konto sagen.
upstream-down = { $provider } antwortet im Moment nicht. Wenn Sie hier ein Passwort haben, können Sie sich damit anmelden. Sonst versuchen Sie es in ein paar Minuten noch einmal.
# Über dem Formular, nachdem jemand zum anderen Dienst wollte. Darf nichts über irgendein Konto sagen.
upstream-away = Der andere Anmeldedienst antwortet im Moment nicht. Wenn Sie hier ein Passwort haben, können Sie sich damit anmelden. Sonst versuchen Sie es in ein paar Minuten noch einmal.
# Über dem Formular, nachdem jemand vom anderen Dienst zurückkam, ohne sich dort anzumelden.
upstream-cancelled = Sie haben sich dort nicht angemeldet. Sie können es noch einmal versuchen.
# Über dem Formular, nachdem der andere Dienst eine unbrauchbare Antwort gab.
upstream-failed = Die Anmeldung dort hat nicht geklappt. Bitte versuchen Sie es noch einmal.
# Über dem Formular, nachdem der andere Dienst nicht gesagt hat, wann sich jemand ausgewiesen hat, wo die Anwendung das frisch verlangt.
upstream-not-fresh = Diese Anwendung möchte, dass Sie sich neu ausweisen, und der andere Anmeldedienst sagt nicht, wann Sie das getan haben. Wenn Sie hier ein Passwort haben, können Sie sich damit anmelden. Sonst sagen Sie Ihrem Administrator Bescheid.
