# Le journal : ce que lit un auditeur.
log-title = Journal
log-lead = Chaque acte est une ligne que personne ne peut changer sans que cela se voie. Votre recherche en est une aussi.
log-from = Du
log-until = Au (inclus)
log-date-wrong = Écrivez la date comme 2026-11-22.
log-dates-order = La fin vient avant le début.
log-structure = Structure
log-kind = Sorte d'acte
log-outcome = Issue
log-any = Tout
log-outcome-done = Fait
log-outcome-refused = Refusé
log-mandate = Référence du mandat
log-mandate-unknown = Aucun mandat de votre périmètre n'a cette référence.
log-search-do = Chercher
log-clear = Effacer les critères
log-results = Lignes du journal, les plus récentes d'abord
log-when = Quand
log-what = Quoi
log-who = Qui
log-where = Place
log-empty-title = Aucune ligne
log-empty-text = Aucun acte de votre périmètre ne répond à ces critères. Élargissez les dates ou retirez un critère.
log-next = Lignes plus anciennes
log-first = Lignes les plus récentes
log-pending = en attente
log-refused-tag = Refusé
log-refused-because = Refusé : { $reason }
log-actor = { $role } { $name }
log-user = usager { $name }
log-card = carte { $name }
log-yes = oui
log-no = non
log-story-title = Histoire du mandat { $reference }
log-story-until = { $structure } · jusqu'au { $day }
log-story-path = Fil d'Ariane
log-story-lines = Ce qui s'est passé
log-story-empty = Aucune ligne après celle-ci.
log-story-next = Suite de l'histoire
log-proof-title = Preuve
log-proof-complete = Preuve vérifiée
log-proof-waiting = Vérification en cours
log-proof-broken = Anomalie trouvée
log-proof-count =
  { $total ->
       [one] { $proven } ligne sur { $total } est dans le journal signé, à sa place, inchangée.
    *[other] { $proven } lignes sur { $total } sont dans le journal signé, à leur place, inchangées.
  }
log-proof-wait =
  { $count ->
       [one] Une ligne récente attend
    *[other] { $count } lignes récentes attendent
  } la prochaine signature du journal, dans quelques secondes.
log-proof-faulty =
  { $count ->
       [one] Une ligne ne correspond pas
    *[other] { $count } lignes ne correspondent pas
  } à ce qui a été signé. Conservez cette page et prévenez l'administrateur.
log-proof-missing =
  { $count ->
       [one] Une ligne manque
    *[other] { $count } lignes manquent
  } dans la suite du mandat.
log-proof-erased =
  { $count ->
       [one] Une partie a été effacée
    *[other] { $count } parties ont été effacées
  } ; la preuve du reste tient.
log-proof-forged = Le dernier point de contrôle ne porte pas la signature de ce journal.
log-proof-size = Journal : { $count } lignes
log-proof-head = Point de contrôle du { $when }
log-proof-none = Le journal n'a pas encore de point de contrôle signé.
log-proof-unwitnessed = Sans témoin : personne d'indépendant n'a encore signé ce point de contrôle. Gardez-en une copie pour pouvoir comparer plus tard.
log-proof-fetch = Point de contrôle signé
log-masked-title = Noms masqués
log-masked-text = Les personnes et les cartes sont montrées par des pseudonymes. Votre lecture est inscrite dans l'histoire du mandat.
log-line-more = Ligne exacte
log-line-leaf = Octets inscrits
log-line-receipt = Télécharger le reçu de cette ligne
log-line-hash = Empreinte
log-line-place = Place dans le journal
log-line-unplaced = pas encore placée
log-fault-unreadable = Cette ligne n'est plus lisible.
log-fault-altered = Le contenu de cette ligne a été changé après son inscription.
log-fault-foreign = Cette ligne vient d'un autre journal.
log-fault-columns = Ce qui est rangé à côté de cette ligne dit autre chose qu'elle.
log-fault-not-in-tree = Le journal signé a une autre ligne à cette place.
log-fault-sequence = Un numéro de la suite du mandat manque ou se répète avant cette ligne.
log-fault-part = Une partie de cette ligne a été remplacée.
log-state-draft = En préparation
log-state-awaiting-consent = Attend l'accord
log-state-refused = Refusé
log-state-awaiting-signature = Attend la signature
log-state-active = En cours
log-state-suspended = Suspendu
log-state-ended = Terminé
log-state-lapsed = Caduc

# Sortes d'actes
log-kind-sign-in-password-accepted = Mot de passe accepté
log-kind-sign-in-completed = Connexion
log-kind-sign-in-refused = Connexion refusée
log-kind-sign-out = Déconnexion
log-kind-session-revoked = Session fermée par la personne elle-même
log-kind-session-expired = Session expirée
log-kind-lock-started = Blocage après trop d'échecs
log-kind-access-denied = Accès refusé
log-kind-person-created = Compte créé
log-kind-person-changed = Compte modifié
log-kind-person-suspended = Compte suspendu
log-kind-person-restored = Compte rétabli
log-kind-person-erased = Données d'un compte effacées
log-kind-role-given = Rôle donné
log-kind-role-withdrawn = Rôle retiré
log-kind-link-sent = Lien d'invitation remis
log-kind-link-used = Lien d'invitation utilisé
log-kind-link-refused = Lien d'invitation refusé
log-kind-password-changed = Mot de passe changé
log-kind-charter-accepted = Charte acceptée
log-kind-structure-created = Structure créée
log-kind-structure-habilitated = Structure habilitée
log-kind-structure-suspended = Structure suspendue
log-kind-structure-restored = Structure rétablie
log-kind-structure-closed = Structure fermée
log-kind-structure-domains-changed = Démarches ouvertes à la structure modifiées
log-kind-structure-switched = Changement de structure
log-kind-card-imported = Carte importée
log-kind-card-enrolled = Application enregistrée comme carte
log-kind-card-assigned = Carte remise
log-kind-card-activated = Carte validée
log-kind-card-resynchronised = Carte remise à l'heure
log-kind-card-code-refused = Code de carte refusé
log-kind-card-ended = Carte retirée
log-kind-mandate-proposed = Mandat proposé
log-kind-mandate-identification-started = Identification de l'usager commencée
log-kind-mandate-identified = Usager identifié
log-kind-mandate-identification-refused = Identification refusée
log-kind-mandate-consent-given = Accord donné par l'usager
log-kind-mandate-consent-refused = Accord refusé par l'usager
log-kind-mandate-signed = Mandat signé avec la carte
log-kind-mandate-sign-refused = Signature refusée
log-kind-mandate-abandoned = Préparation abandonnée
log-kind-mandate-lapsed = Préparation devenue caduque
log-kind-mandate-expired = Mandat arrivé à son terme
log-kind-mandate-replaced = Mandat remplacé
log-kind-mandate-revoked = Mandat révoqué
log-kind-mandate-renounced = Renonciation de la structure
log-kind-mandate-suspended = Mandat suspendu
log-kind-mandate-resumed = Suspension levée
log-kind-mandate-closed = Mandat clos
log-kind-mandate-printed = Mandat imprimé
log-kind-mandate-read = Mandat consulté
log-kind-grant-revoked = Autorisation révoquée
log-kind-grant-replaced = Autorisation remplacée
log-kind-authorization-refused = Demande d'un service refusée
log-kind-use-opened = Service ouvert
log-kind-use-refused = Ouverture refusée
log-kind-use-ended = Utilisation terminée
log-kind-code-redeemed = Service connecté au nom de l'usager
log-kind-code-refused = Code du service refusé
log-kind-code-reused = Code du service présenté deux fois
log-kind-userinfo-given = Identité transmise au service
log-kind-userinfo-refused = Identité non transmise
log-kind-token-revoked = Accès du service retiré
log-kind-action-reported = Démarche rapportée par le service
log-kind-check-given = Vérification demandée par le service
log-kind-checks-counted = Vérifications comptées
log-kind-client-created = Service enregistré
log-kind-client-changed = Service modifié
log-kind-client-ended = Service retiré
log-kind-client-refused = Service non reconnu
log-kind-key-created = Clé de signature créée
log-kind-key-retired = Clé de signature retirée
log-kind-data-erased = Données effacées
log-kind-hold-placed = Conservation imposée
log-kind-hold-lifted = Conservation levée
log-kind-notice-sent = Avis envoyé
log-kind-file-read = Dossier consulté
log-kind-log-opened = Journal ouvert
log-kind-log-searched = Recherche dans le journal
log-kind-log-story-read = Histoire d'un mandat lue par un auditeur
log-kind-log-unmasked = Identité dévoilée
log-kind-log-exported = Journal exporté
log-kind-log-verified = Journal vérifié
log-kind-log-head-trusted = Point de contrôle reconnu
log-kind-log-recovered = Journal repris après incident
log-kind-refusals-counted = Refus comptés
log-kind-activity-counted = Activité comptée

# Rôles
log-role-aidant = Aidant
log-role-referent = Référent
log-role-operator = Administrateur
log-role-auditor = Auditeur
log-role-user = Usager
log-role-service = Service
log-role-system = Le service lui-même
log-role-nobody = Inconnu

# Faits
log-fact-domain = Démarche
log-fact-domains = Démarches
log-fact-access = Accès
log-fact-valid-from = À partir du
log-fact-valid-to = Jusqu'au
log-fact-effective-at = Effet le
log-fact-step = Pas de la carte
log-fact-present = Usager présent
log-fact-presence = Présence
log-fact-person = Personne concernée
log-fact-purpose = But
log-fact-via = Par
log-fact-how = Comment
log-fact-cause = Cause
log-fact-count = Nombre
log-fact-account = Compte visé
log-fact-roles = Rôles
log-fact-scopes = Données demandées
log-fact-version = Version
log-fact-tokens = Jetons
log-fact-token-ends-at = Fin du jeton
log-fact-single-use = Une seule fois
log-fact-kid = Clé
log-fact-alg = Algorithme
log-fact-auth-time = Identification
log-fact-drift = Décalage de la carte
log-fact-of = Sorte
log-fact-minute = Minute
log-fact-refusals = Refus
log-fact-source = Origine
log-fact-sources = Autres origines
log-fact-from = Du
log-fact-until = Au (exclu)
log-fact-structure = Structure
log-fact-mandate = Mandat
log-fact-refused = Refus seulement
log-fact-before = Avant la ligne
log-fact-acr = Niveau
log-fact-text = Version du texte
log-fact-text-hash = Empreinte du texte
log-fact-means = Moyen
log-fact-read-in = Lu en
log-fact-reason = Motif
log-fact-asked-by = Demandé par
log-fact-declared-able = Déclare être majeur et non protégé
log-fact-read = Texte lu
log-fact-term = Durée (jours)
log-fact-what = Quoi

# Motifs de refus
log-reason-done = Fait
log-reason-password = mot de passe faux
log-reason-code-wrong = code faux
log-reason-code-used = code déjà utilisé
log-reason-code-reuse = code présenté deux fois
log-reason-locked = blocage en cours
log-reason-link-over = lien expiré ou déjà utilisé
log-reason-not-in-force = mandat qui n'est plus en vigueur
log-reason-unknown-token = jeton inconnu
log-reason-not-within-perimeter = hors du périmètre
log-reason-expired = délai dépassé
log-reason-not-a-member = pas membre de la structure
log-reason-foreign-answer = réponse venue d'un autre navigateur
log-reason-loop = identification passée par ce service même
log-reason-under-age = personne mineure
log-reason-unknown-mandate = mandat inconnu
log-reason-out-of-order = étape déjà passée
log-reason-lapsed = préparation caduque
log-reason-replaces-something-else = remplace autre chose que ce qui a été lu
log-reason-ended = mandat terminé
log-reason-not-theirs = suspension d'un autre
log-reason-member-suspended = membre suspendu
log-reason-not-an-aidant = pas aidant dans la structure
log-reason-structure-not-yet = habilitation pas encore commencée
log-reason-structure-over = habilitation terminée
log-reason-structure-suspended = structure suspendue
log-reason-structure-closed = structure fermée
log-reason-charter = charte non acceptée
log-reason-card = carte non active
log-reason-other-structure = mandat d'une autre structure
log-reason-domain-not-covered = démarche non ouverte à la structure
log-reason-not-of-this-structure = carte d'une autre structure
log-reason-card-state = état de la carte
log-reason-several-ties = personne active dans plusieurs structures
log-reason-codes = codes qui ne se suivent pas
log-reason-no-client = service absent de la demande
log-reason-unknown-client = service inconnu
log-reason-no-redirect-uri = adresse de retour absente
log-reason-unknown-redirect-uri = adresse de retour non enregistrée
log-reason-provider-slow = fournisseur d'identité trop lent
log-reason-provider-down = fournisseur d'identité injoignable
log-reason-provider-failing = fournisseur d'identité en panne
log-reason-provider-misconfigured = fournisseur d'identité mal réglé
log-reason-provider-error = erreur du fournisseur d'identité
log-reason-answer-too-large = réponse trop longue
log-reason-answer-nonsense = réponse incompréhensible
log-reason-refused-by-person = refus de la personne
log-reason-code-refused = code refusé par le fournisseur
log-reason-wrong-issuer = réponse d'un autre fournisseur
log-reason-wrong-audience = réponse destinée à un autre
log-reason-wrong-nonce = réponse à une autre demande
log-reason-wrong-time = réponse hors délai
log-reason-bad-signature = signature fausse
log-reason-wrong-algorithm = signature d'une autre sorte
log-reason-level-not-accepted = niveau d'identification insuffisant
log-reason-wrong-subject = identités qui ne concordent pas
log-reason-missing-claim = identité incomplète
log-reason-bad-claim = identité mal écrite

# Alarms
alarm-log = Le journal n'est plus signé. Les actes continuent et attendent ; rien n'est perdu. Lancez « entremise doctor » et suivez le guide d'exploitation.
alarm-stopped = Les nouveaux mandats et les nouvelles démarches sont arrêtés jusqu'à ce que le journal soit de nouveau signé. Ce qui met fin à un mandat reste possible.
error-log-stopped-title = Aucun nouveau mandat ni nouvelle démarche pour le moment
error-log-stopped-happened = Le journal des actions n'est plus signé depuis plusieurs minutes. Tant qu'il ne l'est pas, rien de nouveau n'est accordé.
error-log-stopped-safe = Les mandats signés restent valables. Retirer un mandat ou terminer une démarche reste possible.
error-log-stopped-do = Réessayez dans quelques minutes. Les responsables du service sont prévenus.
alarm-since = Depuis le { $when }
