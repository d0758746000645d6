### Deutsch. Die Anmerkungen für Übersetzer stehen im englischen Katalog.

account = Ihr Konto
account-profile = Profil
account-name = Name
account-password = Passwort
account-current-password = Aktuelles Passwort
account-new-password = Neues Passwort
account-change-password = Passwort ändern
account-password-changed = Ihr Passwort ist geändert. Andere Sitzungen wurden abgemeldet.
account-password-wrong = Das aktuelle Passwort stimmt nicht. Versuchen Sie es noch einmal.
account-password-used = Dieses Passwort haben Sie schon einmal verwendet. Wählen Sie ein anderes.
account-sessions = Wo Sie angemeldet sind
account-sessions-text = Wenn Sie etwas davon nicht kennen, beenden Sie es und ändern Sie Ihr Passwort.
account-this-session = Dieser Browser
account-end-session = Sitzung beenden
account-session-ended = Diese Sitzung ist abgemeldet.
account-applications = Verbundene Anwendungen
account-applications-text = Diese Anwendungen können für Sie handeln, ohne noch einmal zu fragen.
account-no-applications = Noch ist keine Anwendung verbunden. Wenn Sie einer den Zugriff auf Ihr Konto erlauben, erscheint sie hier.
account-since = Verbunden seit
account-disconnect = Trennen
account-application-disconnected = Die Anwendung kann nicht mehr auf Ihr Konto zugreifen.
