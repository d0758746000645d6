### Deutsch. Die Anmerkungen für Übersetzer stehen im englischen Katalog.

problem-forbidden = Das dürfen Sie nicht
problem-forbidden-text = Ihr Konto darf diese Seite oder diese Anwendung nicht öffnen.
problem-form-expired = Diese Seite ist abgelaufen
problem-form-expired-text = Sie war zu lange geöffnet, wurde in einem anderen Browser geöffnet, oder Cookies sind abgeschaltet. Es wurde nichts geändert.
problem-internal = Etwas ist schiefgegangen
problem-internal-text = Das ist unser Fehler, nicht Ihrer. Versuchen Sie es gleich noch einmal.
problem-invalid-request = Die Anwendung hat einen Fehler gemacht
problem-invalid-request-text = Ihre Anfrage ist nicht zu verstehen. Wir haben hier angehalten, damit Ihr Konto sicher bleibt.
problem-redirect-mismatch = Wir wissen nicht, wohin
problem-redirect-mismatch-text = Die Anwendung wollte Sie an eine Adresse schicken, die nicht für sie eingetragen ist. Wir haben hier angehalten, damit Ihr Konto sicher bleibt.
problem-request-expired = Diese Anmeldung ist abgelaufen
problem-request-expired-text = Sie ist zu alt, schon beendet, wurde in einem anderen Browser begonnen, oder Cookies sind abgeschaltet. Gehen Sie zurück zur Anwendung und beginnen Sie neu.
problem-request-too-large = Die Anfrage ist zu lang
problem-request-too-large-text = Die Anwendung hat mehr geschickt, als während der Anmeldung aufbewahrt werden kann.
problem-unknown-client = Diese Anwendung ist hier nicht bekannt
problem-unknown-client-text = Sie ist nicht eingetragen oder wurde abgeschaltet.
problem-unsupported-method = So lässt sich diese Adresse nicht verwenden
problem-unsupported-method-text = Sie nimmt diese Art von Anfrage nicht an.
turn-you = Sie können neu beginnen.
turn-application = Das müssen die Hersteller der Anwendung beheben. Sagen Sie ihnen, was Sie hier sehen.
turn-administrator = Wenn es so bleibt, wenden Sie sich an Ihren Administrator und nennen Sie die Nummer unten.
way-again = Noch einmal versuchen
way-home = Zur Startseite
error-code = Fehler
request-id = Anfrage
busy = Gerade ist viel los
busy-text = { $count ->
    [one] Viele Menschen melden sich in diesem Augenblick an. Versuchen Sie es in { $count } Sekunde noch einmal.
   *[other] Viele Menschen melden sich in diesem Augenblick an. Versuchen Sie es in { $count } Sekunden noch einmal.
}
not-found = Seite nicht gefunden
not-found-text = Unter dieser Adresse gibt es nichts. Prüfen Sie sie auf Tippfehler.
# Überschrift: Ein anderer Anmeldedienst sagt, wer es ist, aber hier gibt es kein Konto dafür. Darf nicht sagen, warum.
problem-upstream-no-account = Wir haben kein Konto für Sie gefunden
# Darunter.
problem-upstream-no-account-text = Sie sind beim anderen Dienst angemeldet, aber hier gibt es kein Konto, das damit benutzt werden kann. Wenn Sie hier ein Passwort haben, melden Sie sich damit an.
# Überschrift: Ein anderer Anmeldedienst sagt, wer es ist, aber die Person gehört zu keiner Organisation.
problem-upstream-no-tenant = Sie gehören hier zu keiner Organisation
# Darunter.
problem-upstream-no-tenant-text = Sie sind beim anderen Dienst angemeldet, aber keine Ihrer Gruppen dort gehört zu einer Organisation, die dies benutzt. Ihre Administration kann Sie zu einer hinzufügen.
