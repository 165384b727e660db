# Le guichet : du choix des démarches à la signature, puis la vie du mandat.
search = Rechercher
card-code = Code affiché sur votre carte
card-code-hint = Six chiffres. Chaque code ne sert qu'une fois ; s'il est refusé, attendez le suivant.
card-trouble = Le code ne marche pas
card-trouble-text = Attendez le code suivant et recopiez-le sans attendre. Si trois codes de suite sont refusés, la carte s'est peut-être décalée : la personne référente de votre structure peut la remettre à l'heure.

desk-step-domains = Démarches
desk-step-identity = Identité
desk-step-consent = Accord
desk-step-signature = Signature
desk-abandon = Abandonner ce mandat

desk-domains-title = Pour quelles démarches ?
desk-domains-lead = Cochez seulement ce dont la personne a besoin. Elle pourra changer d'avis à tout moment.
desk-domains-more = { $count ->
    [one] Voir l'autre démarche
   *[other] Voir les { $count } autres démarches
  }
desk-domains-required = Cochez au moins une démarche.
desk-term = Pendant combien de temps ?
desk-term-required = Choisissez une durée.
desk-end-date = Date de fin
desk-end-date-hint = Seulement si vous choisissez une autre date. Un an au plus.
desk-end-date-unreadable = Donnez une date de fin complète.
desk-end-date-past = La date de fin doit venir après aujourd'hui.
desk-end-date-too-far = Un mandat dure un an au plus.

desk-identity-title = La personne s'identifie
desk-identity-lead = Passez-lui le clavier : c'est à elle de s'identifier avec { $provider }, sur cet écran.
desk-identity-1 = Tournez l'écran vers la personne et laissez-lui le clavier.
desk-identity-2 = Elle s'identifie avec { $provider }. Ne tapez pas son mot de passe à sa place.
desk-identity-3 = Elle lit le texte du mandat, puis dit oui ou non. Vous reprenez la main ensuite.
desk-identity-do = Ouvrir { $provider }
desk-identity-problem = L'identification n'a pas abouti.

desk-consent-title = Êtes-vous d'accord ?
desk-consent-lead = { $structure } demande votre accord pour agir en votre nom. Lisez, ou demandez qu'on vous lise ce texte.
desk-consent-you-are = Vous êtes
desk-consent-translation = Ceci est une traduction.
desk-consent-translation-text = Le texte français, affiché à côté, fait seul foi.
desk-consent-declaration = Je déclare avoir 18 ans ou plus et ne pas être sous tutelle ni curatelle
desk-consent-declaration-hint = Sinon, la démarche se fait avec la personne qui vous représente.
desk-consent-declaration-required = Cochez cette déclaration pour donner votre accord.
desk-consent-answer-required = Choisissez « Je suis d'accord » ou « Je refuse ».
desk-consent-agree = Je suis d'accord
desk-consent-refuse = Je refuse
desk-consent-free = Vous êtes libre de refuser. Si vous acceptez, vous pourrez mettre fin au mandat quand vous voulez, sans donner de raison.

desk-answered-yes-title = Merci, votre accord est enregistré
desk-answered-yes = { $structure } doit encore signer. Rien ne peut être fait en votre nom avant.
desk-answered-no-title = Vous avez refusé
desk-answered-no = Rien ne sera fait en votre nom. La structure « { $structure } » le sait.
desk-answered-hand = Vous pouvez rendre l'écran.
desk-answered-hand-text = Votre identification est terminée sur cet ordinateur.
desk-answered-next = Continuer au guichet

desk-sign-title = Signer avec votre carte
desk-sign-replaces = Ce mandat remplace :
desk-sign-do = Signer le mandat

desk-signed-title = Le mandat est signé
desk-signed-strong = Mandat { $reference }.
desk-signed-text = Il commence maintenant. La personne et votre structure en sont informées.
desk-signed-print = Imprimer l'attestation
desk-signed-see = Voir le mandat
desk-signed-then = Et maintenant ?
desk-signed-then-text = Ouvrez le service public voulu et choisissez de vous y connecter avec Entremise : vous retrouverez la personne et son mandat. Remettez-lui l'attestation imprimée.

desk-refused-title = La personne a refusé
desk-refused-text = Il n'y a pas de mandat : rien ne peut être fait en son nom. Vous pouvez en préparer un autre si elle le souhaite.
desk-lapsed-title = Ce mandat n'a pas été terminé à temps
desk-lapsed-text = Trente minutes se sont écoulées sans suite. Rien n'a été signé. Recommencez depuis le début.

desk-attestation-title = Attestation de mandat
desk-attestation-evidence = Preuves
desk-attestation-foot = Ce document reprend le texte et les preuves tels qu'ils étaient à la signature.

desk-list-title = Mandats
desk-list-search = Nom de la personne ou référence
desk-list-all = Tous les mandats de la structure
desk-list-empty = Aucun mandat pour l'instant
desk-list-empty-text = Les mandats signés par votre structure apparaissent ici.
desk-list-none-found = Aucun mandat trouvé
desk-list-none-found-text = Essayez avec le nom de naissance, sans les prénoms, ou avec la référence du mandat.
desk-col-person = Personne
desk-col-domains = Démarches
desk-col-state = État
desk-col-end = Fin

desk-mandate-title = Mandat { OF($name) }{ $name }
desk-mandate-continue = Reprendre
desk-mandate-grants = Démarches confiées
desk-mandate-attestation = Attestation
desk-mandate-end = Mettre fin à ce mandat
desk-mandate-older = Ce qui s'est passé avant
desk-mandate-story = Ce qui s'est passé
desk-grant-end = Retirer

desk-end-title = Mettre fin à ce mandat ?
desk-end-grant-title = Retirer cette démarche ?
desk-end-sentence = Plus rien ne pourra être fait au nom { OF($name) }{ $name } avec ce mandat, dès maintenant. C'est définitif.
desk-end-grant-sentence = La démarche « { $domain } » ne pourra plus être faite au nom { OF($name) }{ $name }, dès maintenant. C'est définitif.
desk-end-by = Qui le demande ?
desk-end-by-hint = Aucune raison n'est demandée.
desk-end-by-required = Dites qui le demande.
desk-end-by-user = La personne elle-même
desk-end-by-user-hint = Elle retire ce qu'elle a confié.
desk-end-by-structure = Notre structure
desk-end-by-structure-hint = Nous renonçons à agir pour elle. Elle en est informée.
desk-end-do = Mettre fin maintenant

state-draft = En préparation
state-awaiting-consent = En attente d'accord
state-refused = Refusé
state-awaiting-signature = À signer
state-lapsed = Abandonné
state-active = En cours
state-suspended = Suspendu
state-expired = Arrivé à sa fin
state-replaced = Remplacé
state-revoked = Révoqué
state-renounced = Renonciation
state-closed = Clos

structure-title = Pour quelle structure agissez-vous ?
structure-lead = Vos mandats et vos actions seront faits au nom de cette structure, dans cette session.
structure-which = Structure
structure-required = Choisissez une structure.

users-title = Usagers
users-search = Nom de la personne
users-search-hint = Le nom de naissance ou le prénom, avec ou sans accents.
users-empty = Aucun usager pour l'instant
users-empty-text = Les personnes apparaissent ici après leur premier mandat.
users-none-found = Personne à ce nom
users-none-found-text = Essayez avec le nom de naissance, ou avec le début du nom.
users-first = Début de la liste
users-col-born = Naissance
users-col-mandates = Mandats
