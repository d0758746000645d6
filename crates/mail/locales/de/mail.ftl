### Deutsch. Die Anmerkungen für Übersetzer stehen im englischen Katalog.

set-password-subject = Legen Sie Ihr Passwort für { $product } fest
set-password-text = Jemand hat einen Link angefordert, um das Passwort des Kontos { $account } bei { $product } festzulegen. Damit wählen Sie ein neues Passwort:
set-password-button = Passwort festlegen
set-password-stranger = Wenn Sie das nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.
verify-subject = Bestätigen Sie Ihre E-Mail-Adresse für { $product }
verify-text = Mit der Adresse { $account } wurde ein Konto bei { $product } angelegt. Bestätigen Sie, dass die Adresse Ihnen gehört:
verify-button = Adresse bestätigen
verify-stranger = Wenn Sie das nicht waren, müssen Sie nichts tun: Die Adresse bleibt unbestätigt.
known-subject = Sie haben schon ein Konto bei { $product }
known-text = Jemand wollte mit der Adresse { $account } ein Konto bei { $product } anlegen. Sie haben schon eines, deshalb wurde nichts angelegt und nichts geändert. Wenn Sie das waren, melden Sie sich an:
known-button = Anmelden
known-stranger = Wenn Sie das nicht waren, müssen Sie nichts tun.
changed-subject = Ihr Passwort für { $product } wurde geändert
changed-text = Das Passwort des Kontos { $account } bei { $product } wurde geändert. Melden Sie sich mit dem neuen Passwort an:
changed-button = Anmelden
changed-stranger = Wenn Sie das nicht waren, fordern Sie sofort auf der Anmeldeseite einen Link an, um ein anderes Passwort festzulegen, und sagen Sie dem Administrator Bescheid.
test-subject = Testmail von { $product }
test-text = Diese Mail wurde verschickt, um die Maileinstellungen von { $product } zu prüfen. Sie funktionieren.
test-button = { $product } öffnen
test-stranger = Sie müssen nichts tun.
link-until = Der Link funktioniert einmal, bis { $until }.
link-plain = Wenn die Schaltfläche nicht funktioniert, kopieren Sie diesen Link in den Browser:
cause = Was diese Mail ausgelöst hat:
cause-at = Zeit: { $at }
cause-address = Adresse: { $address }
cause-browser = Browser: { $browser }
