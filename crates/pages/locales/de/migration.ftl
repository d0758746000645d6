### The pages on which administrators follow a migration.

migration = Migration
migration-pages = Seiten der Migration
migration-overview = Überblick
migration-rows = Wartende Zeilen
migration-ledger = Protokoll
migration-rollback = Zurücknehmen
migration-measured = Gemessen
migration-phase-before = Noch ist nichts importiert.
migration-phase-under = Beide Wege zur Anmeldung sind offen.
migration-phase-complete = Alle haben sich per OAuth angemeldet; die Liste sagt, was noch fehlt.
migration-phase-finalized = Die alten Wege sind endgültig geschlossen.
migration-empty = Noch keine Migration
migration-empty-text = Sobald Sie Konten eines anderen Systems importieren, zeigt diese Seite, wie weit sie sind. Beginnen Sie mit einem Blick auf die Quelle; ohne Ihr Wort wird nichts geschrieben.
migration-completed = Per OAuth angemeldet
migration-accounts = Konten
migration-part-password = Nur Passwort
migration-part-dual = Beides, OAuth ungenutzt
migration-part-completed = Beides, OAuth genutzt
migration-part-oauth = Nur OAuth
migration-run-under-way = Im Gang
migration-run-last = Letzter Lauf
migration-run-rows = Zeilen
migration-run-rate = Zeilen pro Sekunde
migration-run-left = Restzeit
migration-run-decisions = Zu entscheiden
migration-run-began = begonnen
migration-run-batch = zuletzt geschrieben
migration-run-lines = seine Einträge
migration-run-error = Letzter Fehler
run-import = Import
run-rollback = Zurücknahme
run-finalize = Abschluss
run-decide = Entscheidungen
run-running = läuft
run-finished = fertig
run-stopped = angehalten
run-abandoned = abgebrochen
migration-over-time = Konten nach Anmeldeweg, 90 Tage
migration-numbers = Zahlen zeigen
migration-day = Tag (UTC)
migration-sum = Insgesamt
migration-most = Am meisten
migration-tenants = Mandanten
migration-tenant = Mandant
migration-no-tenants = Es gibt noch keine Mandanten und keine Konten.
migration-completed-short = Per OAuth angemeldet
migration-accounts-short = Konten
migration-password-short = Nur Passwort
migration-recent = Alte Tür, 30 Tage
migration-days-since = Tage seither
migration-waiting-short = Wartend
migration-without-tenant = Ohne Mandant
migration-nobody = –
migration-never = nie
migration-more = Mehr zeigen
migration-daily = Erste Anmeldungen per OAuth, 30 Tage
migration-logins = Anmeldungen nach Weg, 30 Tage
migration-logins-tenant = Die der eigenen Anwendungen Ihres Mandanten und der JSON-Anmeldung.
migration-no-logins = In diesen Tagen hat sich niemand angemeldet.
migration-way-code = Browser
migration-way-first-party = Eigenes Formular
migration-way-json = JSON-Anmeldung
migration-way-password = Password Grant
migration-hashes = Passwort-Hashes
migration-hashes-left = noch zu erneuern
migration-no-hashes = Kein Konto hat ein Passwort.
migration-scheme = Verfahren
migration-scheme-current = aktuell
migration-decimal-mark = ,
scheme-unknown = unbekannt
scheme-wrapped = umhüllt
migration-upgrades = Erneuerte Hashes, 30 Tage
migration-no-upgrades = In diesen Tagen wurde kein Hash erneuert. Das geschieht beim Anmelden.
migration-no-rows = Keine Zeile wartet auf eine Entscheidung.
migration-reason = Grund
migration-invitations = Einladungen
migration-step = Schritt
migration-invited = Verschickt
migration-opened = Geöffnet
migration-came = Per OAuth angemeldet
migration-gate = Vor dem Abschluss
migration-met = erfüllt
migration-open = nicht erfüllt
gate-completed = Jedes aktive Konto hat sich per OAuth angemeldet oder ist ausgenommen
gate-quiet = Keine alte Tür wurde 30 Tage lang benutzt, während gezählt wurde
gate-tenants-confirmed = Jeder tätige Mandant ist bestätigt
gate-nothing-old-alive = Kein Token, API-Schlüssel und keine Sitzung des alten Systems gilt noch
gate-nothing-waits = Keine Zeile wartet in Quarantäne oder Konflikt
gate-hashes = Kein Hash eines anderen Programms wird noch gebraucht
gate-backup = Eine Sicherung wurde in den letzten 24 Stunden geprüft
gate-verified = Die letzte Prüfung jeder Quelle war sauber und ist jünger als ihr letzter Import
gate-inactive-decided = Es ist entschieden, was aus inaktiven und gelöschten Konten wird
gate-found-alive = { $tokens ->
    [one] { $tokens } Refresh-Token
   *[other] { $tokens } Refresh-Tokens
}, { $keys ->
    [one] { $keys } API-Schlüssel
   *[other] { $keys } API-Schlüssel
}, { $sessions ->
    [one] { $sessions } Sitzung
   *[other] { $sessions } Sitzungen
}
gate-found-backup = zuletzt geprüft: { $at }
gate-found-backup-none = noch keine wurde geprüft
gate-found-completed = { $open } von { $active } noch nicht, { $waived } ausgenommen
gate-found-confirmed = keiner ist offen
gate-found-differences = { $source }: Unterschiede gefunden, { $at }
gate-found-hashes = noch { $left }
gate-found-inactive = { $accounts ->
    [one] { $accounts } Konto
   *[other] { $accounts } Konten
}, entschieden: { $at }
gate-found-inactive-none = es gibt keine
gate-found-inactive-open = { $accounts ->
    [one] { $accounts } Konto, und nichts ist entschieden
   *[other] { $accounts } Konten, und nichts ist entschieden
}
gate-found-kept = 30 Tage unbenutzt, gezählt seit { $since }
gate-found-never = { $source }: noch nie geprüft
gate-found-outdated = { $source }: geprüft { $at }, danach schrieb ein Import: { $import }
gate-found-unconfirmed = { $number ->
    [one] { $number } ist es nicht: { $names }
   *[other] { $number } sind es nicht: { $names }
}
gate-found-uncounted = es wird nicht gezählt
gate-found-used = zuletzt benutzt { $last }, von Konten ohne Mandant; die 30 Tage enden { $over }
gate-found-used-both = zuletzt benutzt { $last }, in { $tenants ->
    [one] { $tenants } Mandanten
   *[other] { $tenants } Mandanten
} und von Konten ohne Mandant; die 30 Tage enden { $over }
gate-found-used-tenants = zuletzt benutzt { $last }, in { $tenants ->
    [one] { $tenants } Mandanten
   *[other] { $tenants } Mandanten
}; die 30 Tage enden { $over }
gate-found-verified = { $sources ->
    [one] { $sources } Quelle sauber
   *[other] { $sources } Quellen sauber
}, älteste Prüfung { $oldest }
gate-found-verified-none = nichts wurde importiert
gate-found-waits = { $quarantined } in Quarantäne, { $conflicts } in Konflikt oder gescheitert
gate-found-young = unbenutzt, aber erst seit { $since } gezählt; die 30 Tage enden { $over }
migration-all-rows = alle zeigen
migration-rows-text = Diese Zeilen der Quelle wurden noch kein Konto, weil jemand entscheiden muss.
migration-rows-how = Über eine Zeile entscheiden Sie auf der Kommandozeile:
migration-row = Zeile
migration-who = Wer
migration-since = Seit
waiting-conflict = Konflikt
waiting-quarantine = Quarantäne
waiting-failed = Gescheitert
reason-changed-here = Hier und in der Quelle geändert
reason-deleted-here = Hier gelöscht
reason-deleted-in-source = In der Quelle gelöscht
reason-email-taken = Die Adresse gehört einem anderen Konto
reason-external-subject-taken = Die Kennung beim Anbieter gehört einem anderen Konto
reason-hash-hostile = Der Hash wäre zu teuer zu prüfen
reason-hash-missing = Kein Hash in der Quelle
reason-hash-unsupported = Ein Hash unbekannter Art
reason-id-taken = Die Kennung gehört einem anderen Konto
reason-inactive = In der Quelle abgeschaltet
reason-resolved = Von Hand entschieden
reason-flawed = Die Zeile ist nicht als Person lesbar
reason-store-refused = Der Speicher lehnte sie ab
reason-tenant-not-wanted = Von einem nicht gewünschten Mandanten
reason-tenant-inactive = Von einem stillgelegten Mandanten
reason-username-taken = Der Benutzername gehört einem anderen Konto
reason-username-is-email = Der Benutzername ist die Adresse eines anderen
flaw-email-missing = keine Adresse
flaw-email-invalid = keine gültige Adresse
flaw-email-too-long = die Adresse ist zu lang
flaw-username-too-long = der Benutzername ist zu lang
flaw-username-invalid = der Benutzername hat Steuerzeichen
flaw-external-subject-invalid = keine gültige Kennung beim Anbieter
flaw-time-invalid = kein gültiger Zeitpunkt
flaw-tenant-slug-taken = ein anderer Mandant hat diesen Kurznamen
flaw-tenant-unknown = es gibt keinen solchen Mandanten
flaw-wrong-type = nicht von der Art, die das Profil nennt
flaw-status-unknown = ein Status, den das Profil nicht kennt
flaw-too-long = zu lang
ledger-text = Jede Änderung, die eine Migration vornahm, die neueste zuerst. Geben Sie eines der drei an.
ledger-account = Konto
ledger-row = Zeile der Quelle
ledger-run = Lauf
ledger-search = Suchen
ledger-unreadable = Es gibt kein Konto dieses Namens, oder die Kennung ist nicht lesbar.
ledger-none = Hierzu wurde nichts geschrieben.
ledger-when = Wann
ledger-what = Was
ledger-undone = zurückgenommen
ledger-more = Ältere Einträge
action-change = Konto geändert
action-create = Konto angelegt
action-decide = Von Hand entschieden
action-link = Zeile verknüpft
action-note = Nichts geschrieben
action-remove = Konto entfernt
action-unlink = Verknüpfung gelöst
outcome-import = importiert
outcome-import-disabled = importiert, abgeschaltet
outcome-import-relink = mit vorhandenem Konto verknüpft
outcome-import-reset-required = importiert, Passwort neu zu setzen
outcome-already-linked = schon verknüpft
outcome-already-migrated = schon umgezogen
outcome-updated = aktualisiert
outcome-unchanged = unverändert
outcome-skip-deleted = übergangen, gelöscht
outcome-skip-tenant = übergangen, Mandant
outcome-conflict = Konflikt
outcome-quarantine = Quarantäne
outcome-failed = gescheitert
rollback-text = Das Zurücknehmen bringt Konten aus dem Protokoll in den Zustand vor dem Import. Konten, die der Import anlegte, werden entfernt.
rollback-text-more = Was Inhaber seither änderten, bleibt; Konten, die schon vorher nur OAuth nutzten, werden nie berührt. Sie sehen zuerst, was geschähe.
rollback-look = Sehen, was geschähe …
rollback-target = Zurücknehmen
rollback-account = Ein Konto
rollback-tenant = Einen Mandanten
rollback-run = Einen Lauf
rollback-name = Kennung, Adresse oder Kurzname
rollback-rehearse = Sehen, was geschähe
rollback-would = Was geschähe
rollback-nothing-left = Es gibt nichts zurückzunehmen.
rollback-left-alone = Schon vorher nur OAuth: unberührt
rollback-changed-later = Seither vom Inhaber geändert
rollback-unfinished = Es sind mehr Konten, als dieser Blick fasst: die Zahlen sind eine Untergrenze. Die Kommandozeile zählt alle: authly-admin migrate rollback.
rollback-confirm = Tippen Sie zur Bestätigung { $name }
rollback-go = Zurücknehmen
rollback-sign-in-again = Ihre Anmeldung liegt eine Weile zurück. Melden Sie sich neu an und kommen Sie zurück.
rollback-done = Es ist zurückgenommen.
rollback-started = Es hat begonnen und läuft von selbst weiter; der Überblick zeigt, wie weit es ist.
rollback-nothing = Ein solches Konto, einen solchen Mandanten oder Lauf gibt es nicht.
rollback-refused = Es wurde nicht zurückgenommen: { $why }
rollback-wrong-word = Das steht dort nicht. Nichts wurde zurückgenommen.
restored-removed = Entfernt: der Import legte sie an
restored-restored = Wie vorher
restored-partly-restored = Wie vorher, spätere Änderungen bleiben
restored-kept-changed = Behalten: vom Inhaber geändert
restored-link-only = Nur die Verknüpfung wird gelöst
account-migration = Migration
