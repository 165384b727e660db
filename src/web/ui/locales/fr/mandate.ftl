# Pages of: mandate
desk-row-person = Personne
desk-row-domains = Démarches
desk-row-until = Jusqu'au
desk-row-structure = Mandataire
desk-until = Jusqu'au { $end }
desk-term-1 = Un jour
desk-term-31 = Un mois
desk-term-182 = Six mois
desk-term-365 = Un an
desk-term-until = Une autre date
desk-name-female = Mme { $name }
desk-name-male = M. { $name }
desk-name-other = { $name }
desk-nobody-yet = Personne non identifiée
desk-list-newest = Revenir aux plus récents
desk-waiting = La personne lit le texte du mandat. Cette page avance d'elle-même dès sa réponse.
desk-agreed = { $name } a donné son accord
desk-agreed-how-female = à { $hour }, sur cet écran, après s'être identifiée avec { $provider }.
desk-agreed-how-male = à { $hour }, sur cet écran, après s'être identifié avec { $provider }.
desk-agreed-how-other = à { $hour }, sur cet écran, après identification avec { $provider }.

desk-problem-down = { $provider } ne répond pas pour l'instant. Rien n'est perdu : réessayez dans une minute.
desk-problem-stopped = La personne a arrêté l'identification. Rien n'a été transmis. Elle peut recommencer quand elle veut.
desk-problem-incomplete = { $provider } n'a pas donné une identité complète. Le mandat ne peut pas être établi ainsi ; la personne peut se renseigner auprès de { $provider }.
desk-problem-level = { $provider } n'a pas identifié la personne avec un niveau de garantie suffisant. Elle peut choisir un autre compte et recommencer.
desk-problem-loop = Un service a été ouvert pour cette personne, ou sur cet ordinateur, il y a moins d'une demi-heure. Par sécurité, elle ne peut pas donner son accord maintenant : déconnectez-vous de ce service, ou attendez trente minutes.
desk-problem-under-age = Cette personne a moins de 18 ans. Elle ne peut pas donner de mandat seule.
desk-problem-configuration = La liaison avec { $provider } est mal réglée. Rien n'est perdu. Prévenez la personne qui administre le service.
desk-problem-lapsed = Trente minutes se sont écoulées. Recommencez le mandat depuis le début.
desk-problem-unverified = La réponse de { $provider } n'a pas pu être vérifiée. Par sécurité, elle a été écartée. Recommencez ; si cela se répète, prévenez la personne qui administre le service.

desk-code-required = Recopiez le code affiché sur votre carte.
desk-code-wrong = Ce code n'est pas le bon. Recopiez celui qui s'affiche maintenant sur votre carte.
desk-code-used = Ce code a déjà servi. Attendez le suivant : { $seconds ->
    [one] une seconde
   *[other] { $seconds } secondes
  }.
desk-code-locked = Trop d'essais. Votre carte est bloquée encore { $seconds ->
    [one] une seconde
   *[other] { $seconds } secondes
  }. Le mandat vous attend.
desk-sign-changed = Ce que ce mandat remplace n'est plus ce que la personne a lu. Préparez un nouveau mandat et demandez-lui de nouveau son accord.

desk-evidence-agreed = Accord de la personne
desk-evidence-screen = Sur l'écran du guichet, après identification
desk-evidence-level = Niveau d'identification { $level }
desk-evidence-signed = Signature
desk-evidence-text = Empreinte du texte (SHA-256)
desk-evidence-entry = Ligne du journal
desk-evidence-promise = Promesse signée du journal
desk-attestation-qr = Promesse signée du journal

error-desk-denied-title = Vous ne pouvez pas faire cela
error-desk-denied-happened = Votre place dans la structure, sa convention, votre carte ou les démarches permises ne le permettent pas aujourd'hui.
error-desk-denied-safe = Rien n'a été changé.
error-desk-denied-do = Voyez avec la personne référente de votre structure.
error-desk-lapsed-title = Ce mandat n'a pas été terminé à temps
error-desk-lapsed-happened = Trente minutes se sont écoulées sans suite.
error-desk-lapsed-safe = Rien n'a été signé.
error-desk-lapsed-do = Préparez un nouveau mandat.
error-desk-over-title = Cette étape n'est plus possible
error-desk-over-happened = Le mandat n'en est plus là : il a été signé, refusé ou terminé.
error-desk-over-safe = Ce qui a été fait reste enregistré.
error-desk-over-do = Ouvrez le mandat dans la liste pour voir où il en est.
error-consent-nobody-title = Personne n'est identifié ici
error-consent-nobody-happened = Aucune demande d'accord n'attend dans ce navigateur, ou elle a expiré.
error-consent-nobody-safe = Aucun accord n'a été donné.
error-consent-nobody-do = Au guichet, recommencez l'identification depuis le mandat.
error-identification-foreign-title = Cette identification ne peut pas être prise
error-identification-foreign-happened = La réponse reçue n'a pas été demandée par ce navigateur, a déjà servi ou est arrivée trop tard.
error-identification-foreign-safe = Elle a été écartée. Aucun accord n'a été donné.
error-identification-foreign-do = Au guichet, reprenez le mandat et recommencez l'identification.
