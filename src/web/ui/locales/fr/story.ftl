# La salle de l'auditeur.
story-search-title = Journal
story-search-lead = Votre périmètre : { $perimeter }. Chaque recherche est elle-même inscrite au journal.
story-perimeter-all = toutes les structures
story-filter-mandate = Référence du mandat
story-filter-mandate-hint = Par exemple M-7Q4K-92HD.
story-filter-kind = Ce qui s'est passé
story-filter-outcome = Issue
story-filter-structure = Structure
story-filter-from = À partir du
story-filter-until = Jusqu'au
story-filter-any = Tout
story-filter-clear = Effacer les filtres
story-outcome-done = Fait
story-outcome-refused = Refusé
story-nothing = Aucune ligne ne correspond
story-nothing-text = Élargissez les dates, ou retirez un filtre.
story-unknown-mandate = Ce mandat n'est pas dans votre périmètre
story-unknown-mandate-text = Vérifiez la référence. La recherche a été inscrite au journal.
story-col-when = Quand
story-col-what = Quoi
story-col-outcome = Issue
story-col-actor = Qui
story-col-structure = Structure
story-col-mandate = Mandat
story-older = Lignes plus anciennes
story-next = La suite de l'histoire
story-title = Histoire du mandat { $reference }
story-until = jusqu'au { $end }
story-proof = État des preuves
story-proof-good = Preuve vérifiée
story-proof-waiting = Vérifiée en partie
story-proof-none = Pas encore de point de contrôle
story-proof-bad = Anomalie
story-proof-sentence-good = { $lines ->
    [one] La ligne est dans le journal signé, à sa place, inchangée.
   *[other] { $proven } lignes sur { $lines } sont dans le journal signé, à leur place, inchangées.
  }
story-proof-sentence-waiting = { $proven } lignes sur { $lines } sont dans le journal signé, à leur place, inchangées. Les autres attendent le prochain point de contrôle.
story-proof-sentence-none = Aucun point de contrôle n'a encore été signé pour ces lignes.
story-proof-sentence-bad = Les preuves ne concordent pas. Ne vous fiez pas à cette page et prévenez l'exploitant du service et les témoins.
story-fact-size = Journal : { $count } lignes
story-fact-checkpoint = Point de contrôle du { $when }
story-fact-witnesses = { $count ->
    [0] Aucun témoin
    [one] 1 témoin
   *[other] { $count } témoins
  }
story-fact-waiting = { $count ->
    [one] 1 ligne attend le prochain point de contrôle
   *[other] { $count } lignes attendent le prochain point de contrôle
  }
story-fact-erased = { $count ->
    [one] 1 élément effacé à son terme, comme prévu
   *[other] { $count } éléments effacés à leur terme, comme prévu
  }
story-fact-missing = { $count ->
    [one] 1 ligne manque
   *[other] { $count } lignes manquent
  }
story-fact-faulty = { $count ->
    [one] 1 ligne n'est pas conforme
   *[other] { $count } lignes ne sont pas conformes
  }
story-fact-forged = Le point de contrôle n'a pas la signature du journal
story-line-faulty = Ligne non conforme
story-download = Télécharger les preuves
story-masked = Noms masqués
story-masked-text = Le journal ne montre que des pseudonymes. Dévoiler une identité demande un motif et s'inscrit au journal.

# En quelle qualité quelqu'un agit
role-aidant = Aidant
role-referent = Référent
role-user = Usager
role-service = Service
role-system = Le service lui-même
role-nobody = Personne non connectée

# Ce qui peut arriver
kind-sign-in-password-accepted = Mot de passe accepté
kind-sign-in-completed = Connexion
kind-sign-in-refused = Connexion refusée
kind-sign-out = Déconnexion
kind-session-revoked = Session fermée à distance
kind-session-expired = Session arrivée à sa fin
kind-lock-started = Blocage provisoire
kind-access-denied = Accès refusé
kind-person-created = Compte créé
kind-person-changed = Compte modifié
kind-person-suspended = Compte suspendu
kind-person-restored = Compte rétabli
kind-person-erased = Données d'une personne effacées
kind-role-given = Rôle attribué
kind-role-withdrawn = Rôle retiré
kind-link-sent = Lien d'accès créé
kind-link-used = Lien d'accès utilisé
kind-link-refused = Lien d'accès refusé
kind-password-changed = Mot de passe changé
kind-charter-accepted = Charte acceptée
kind-structure-created = Structure créée
kind-structure-habilitated = Structure habilitée
kind-structure-suspended = Structure suspendue
kind-structure-restored = Structure rétablie
kind-structure-closed = Structure fermée
kind-structure-domains-changed = Démarches de la structure modifiées
kind-structure-switched = Changement de structure
kind-card-imported = Carte enregistrée
kind-card-enrolled = Application ajoutée comme carte
kind-card-assigned = Carte attribuée
kind-card-activated = Carte activée
kind-card-resynchronised = Carte remise à l'heure
kind-card-code-refused = Code de carte refusé
kind-card-ended = Carte retirée
kind-mandate-proposed = Mandat proposé
kind-mandate-identification-started = Identification commencée
kind-mandate-identified = Personne identifiée
kind-mandate-identification-refused = Identification refusée
kind-mandate-consent-given = Accord donné par la personne
kind-mandate-consent-refused = Accord refusé par la personne
kind-mandate-signed = Mandat signé avec une carte
kind-mandate-sign-refused = Signature refusée
kind-mandate-abandoned = Mandat abandonné avant la signature
kind-mandate-lapsed = Mandat resté sans suite
kind-mandate-expired = Mandat arrivé à sa fin
kind-mandate-replaced = Mandat remplacé
kind-mandate-revoked = Mandat révoqué
kind-mandate-renounced = La structure a renoncé au mandat
kind-mandate-suspended = Mandat suspendu
kind-mandate-resumed = Suspension levée
kind-mandate-closed = Mandat clos
kind-mandate-printed = Attestation imprimée
kind-mandate-read = Mandat consulté
kind-grant-revoked = Démarche retirée
kind-grant-replaced = Démarche remplacée par un mandat plus récent
kind-authorization-refused = Demande d'un service refusée
kind-use-opened = Service ouvert
kind-use-refused = Ouverture d'un service refusée
kind-use-ended = Utilisation terminée
kind-code-redeemed = Le service a reçu son accès
kind-code-refused = Accès du service refusé
kind-code-reused = Code réutilisé : accès coupés
kind-userinfo-given = Identité transmise au service
kind-userinfo-refused = Identité refusée au service
kind-token-revoked = Accès d'un service coupé
kind-action-reported = Action rapportée par le service
kind-check-given = Vérification répondue
kind-checks-counted = Vérifications comptées
kind-client-created = Service inscrit
kind-client-changed = Service modifié
kind-client-ended = Service retiré
kind-client-refused = Service refusé
kind-key-created = Clé créée
kind-key-retired = Clé retirée
kind-data-erased = Données effacées à leur terme
kind-hold-placed = Conservation demandée
kind-hold-lifted = Conservation levée
kind-notice-sent = Avis envoyé
kind-file-read = Fichier consulté
kind-log-opened = Journal ouvert
kind-log-searched = Recherche dans le journal
kind-log-story-read = Histoire d'un mandat lue
kind-log-unmasked = Identité dévoilée
kind-log-exported = Journal exporté
kind-log-verified = Journal vérifié
kind-log-head-trusted = Point de contrôle accepté
kind-log-recovered = Journal repris
kind-refusals-counted = Refus comptés
kind-activity-counted = Activité comptée
