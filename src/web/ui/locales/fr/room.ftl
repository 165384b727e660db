# La salle de l'auditeur : chercher quelqu'un, dévoiler, emporter, activité, alertes.
room-aidant = Aidant (pseudonyme)
room-user = Usager (pseudonyme)
room-domain = Démarche
room-service = Service
log-person-unknown = Aucune ligne de votre périmètre ne porte ce pseudonyme. Il s'écrit comme a-5F2C, ou en entier.
log-person-several = Plusieurs personnes partagent cette forme courte. Ouvrez celle que vous cherchez depuis une de ses lignes.
room-find-link = Chercher une personne par son nom ou son adresse
room-export-link = Emporter ces lignes
room-find-title = Chercher une personne
room-find-lead = Le journal ne connaît que des pseudonymes. Écrivez ce que porte le document : si cette personne a des lignes dans votre périmètre, vous irez à son pseudonyme. Cette recherche est inscrite au journal, et la personne pourra la voir.
room-find-several = Cette identité est connue sous plusieurs pseudonymes.
room-find-user = Un usager, par son identité exacte
room-find-given = Tous les prénoms
room-find-given-hint = Dans l'ordre du document, avec les accents.
room-find-family = Nom de naissance
room-find-born = Date de naissance
room-find-born-hint = Comme 1948-03-04. Ce qui n'est pas connu s'écrit 00 : 1962-00-00.
room-find-aidant = Un aidant, par son adresse
room-find-email = Adresse e-mail professionnelle
room-find-do = Chercher
room-find-given-required = Indiquez tous les prénoms.
room-find-family-required = Indiquez le nom de naissance.
room-find-birth-required = Indiquez la date de naissance.
room-find-email-required = Indiquez l'adresse professionnelle.
room-find-birthdate = Écrivez la date comme 1948-03-04.
room-find-nobody = Personne de ce nom n'a de ligne dans votre périmètre. La correspondance doit être exacte.
room-unmask = Dévoiler les noms
room-unmask-title = Dévoiler les noms
room-unmask-lead = Les noms liés à { $what } seront visibles pour vous seul pendant quinze minutes. Votre motif est inscrit au journal avec votre nom.
room-unmask-reason = Motif
room-unmask-reason-hint = Pourquoi ces noms sont nécessaires à votre contrôle, en dix caractères au moins. N'écrivez aucun nom.
room-unmask-reason-required = Écrivez un motif, de dix à cinq cents caractères.
room-unmask-do = Dévoiler
log-words-reason = Motif
log-words-note = Note
log-words-service = Service
log-words-declared-service = Service visé, tel que déclaré
log-words-label = Fait auprès du service
log-words-reference = Référence du service
room-unmasked-title = Noms dévoilés
room-unmasked-until = Pour vous, sur cette page, jusqu'à { $hour }. Ces noms sont ceux inscrits au moment des actes.
room-unmasked-none = Aucun nom n'est inscrit, ou il a été effacé.
room-unmasked-user = Usager
room-line-proven = Vérifiée
room-line-waiting = Signature en attente
log-fact-aidant = Aidant cherché
log-fact-user = Usager cherché
log-fact-service = Service
log-fact-by = Cherché par
log-fact-found = Trouvé
room-export-title = Emporter
room-export-all = Toutes les lignes de votre périmètre, jusqu'à maintenant.
room-export-some = Les lignes de votre recherche, jusqu'à maintenant.
room-export-warning = Ce que vous emportez sort du système.
room-export-warning-text = Il ne pourra plus l'effacer ni savoir qui le lit. Les personnes y restent sous leur pseudonyme, mais leurs actes y sont. Gardez le fichier comme un dossier confidentiel, et détruisez-le après votre contrôle. Cette sortie est inscrite au journal.
room-export-format = Sous quelle forme ?
room-export-csv = Un tableau (CSV)
room-export-csv-hint = Pour un tableur. Une ligne par acte, sans marque de fin : si votre navigateur signale un téléchargement interrompu, recommencez.
room-export-jsonl = Des lignes JSON
room-export-jsonl-hint = Pour un outil. Chaque ligne garde les octets exacts qui ont été signés ; la dernière dit combien il y en a.
room-export-bundle = Le dossier vérifiable
room-export-bundle-hint = Pour « entremise log verify », sans réseau et sans nous. Il tient compte des dates et de la structure ; les autres critères n'y changent rien.
room-export-criteria = Ce qui est emporté
room-export-change = Changer la recherche
room-export-do = Télécharger
room-export-format-required = Choisissez une forme.
room-export-no-head = Aucun point de contrôle signé ne couvre ces dates.
log-fact-format = Forme
room-activity-aidant = Aidant { $name }
room-activity-summary = { $signed ->
    [0] Aucun mandat signé
    [one] Un mandat signé
    *[other] { $signed } mandats signés
  }, { $opened ->
    [0] aucun service ouvert
    [one] un service ouvert
    *[other] { $opened } services ouverts
  } pour { $users ->
    [0] personne
    [one] une personne
    *[other] { $users } personnes
  }.
room-activity-do = Montrer ces jours
room-activity-lines = Voir ces lignes dans le journal
room-activity-full = Pseudonyme entier :
room-activity-days = Lignes par jour
room-activity-chart = Actes par jour : { $done } faits et { $refused } refusés en tout. Les nombres sont dans le tableau qui suit.
room-activity-table = Les nombres, jour par jour
room-activity-day = Jour
room-activity-done = Faits
room-activity-refused = Refusés
room-activity-signed = Mandats signés
room-activity-opened = Services ouverts
room-activity-number = Nombre
room-activity-too-long = Quatre-vingt-douze jours au plus : les jours suivants ne sont pas comptés.
room-activity-without = Les lectures du journal et les comptes de chaque jour n'y sont pas.
room-activity-cut = Il y en a plus : les tableaux des premières utilisations et des refus ne comptent que les { $count } derniers. Choisissez moins de jours.
room-activity-domains = Services ouverts, par démarche
room-activity-domains-head = Démarche
room-activity-domains-none = Aucun service ouvert ces jours-là.
room-activity-first = Temps entre la signature et la première utilisation
room-activity-first-head = Première utilisation
room-activity-first-none = Aucun mandat signé ces jours-là.
room-activity-refusals = Refus
room-activity-refusals-head = Acte et motif
room-activity-refusals-none = Aucun refus ces jours-là.
room-first-minutes = Dans les dix minutes
room-first-hour = Dans l'heure
room-first-day = Dans la journée
room-first-week = Dans la semaine
room-first-later = Plus tard
room-first-not-yet = Pas encore utilisé
log-fact-entries = Lignes
log-fact-day = Jour
log-fact-uses = Services ouverts
log-fact-signed = Mandats signés
nav-alerts = Alertes
room-alerts-title = Alertes
room-alerts-lead = Des règles lisent les lignes de ces jours et montrent ce qui mérite un regard. Une alerte n'accuse personne.
room-alerts-do = Montrer ces jours
room-alerts-none-title = Rien à signaler
room-alerts-none = Aucune règle n'a rien trouvé ces jours-là dans votre périmètre.
room-alerts-more = { $count ->
    [one] Une autre alerte n'est pas montrée
    *[other] { $count } autres alertes ne sont pas montrées
  } : choisissez moins de jours.
room-proof-take = Télécharger la preuve de cette histoire
room-proof-hint = Chaque ligne avec sa place dans le journal signé. Le fichier se vérifie sans nous, par « entremise log verify ». Le prendre est une ligne de plus.
nav-alerts-waiting = { $count ->
    [one] une alerte à regarder
    *[other] { $count } alertes à regarder
  }
nav-alerts-many = plus de { $count } alertes à regarder
room-alerts-too-long = Trente et un jours au plus.
room-alerts-see = Voir les lignes
room-alerts-review = Marquer comme regardée
room-alerts-reviewed = Regardée par { $name }, { $when } : { $note }
room-alerts-seen = (Nombre alors : { $count }.)
room-alerts-grown = Il s'est passé autre chose depuis.
room-when-there = { $when } ({ $zone })
room-zone = Jours et heures : { $zone }.
room-review-overtaken = Quelqu'un d'autre a marqué cette alerte entre-temps. Lisez sa note, puis marquez-la de nouveau si la vôtre y ajoute quelque chose.
room-alerts-rule = Les règles et leurs seuils
room-review-title = Marquer une alerte comme regardée
room-review-lead = Votre nom, l'heure et votre note resteront à côté de l'alerte, et dans le journal.
room-review-note = Ce que vous avez vu
room-review-note-hint = De dix à cinq cents caractères. N'écrivez aucun nom.
room-review-note-required = Écrivez ce que vous avez vu, de dix à cinq cents caractères.
room-review-do = Marquer comme regardée
room-rule-burst = Rafale
room-rule-burst-text = { $least } services ou plus ouverts par un aidant en { $minutes } minutes. Une personne prend du temps à écouter : un rythme pareil peut venir d'une machine, ou d'un travail fait sans les personnes.
room-rule-out-of-hours = Hors des heures
room-rule-out-of-hours-text = { $least } actes ou plus d'un aidant le même jour avant { $begins } h, après { $ends } h ou un dimanche, à l'heure de la structure.
room-rule-many-users = Beaucoup de personnes
room-rule-many-users-text = Des services ouverts en un jour pour { $least } personnes ou plus, et au moins { $times } fois la médiane des autres aidants de la structure.
room-rule-failed-codes = Codes refusés
room-rule-failed-codes-text = { $least } codes de carte faux ou plus en un jour, dans la session d'une même personne au travail : quelqu'un essaie peut-être la carte d'un autre.
room-rule-unused = Mandats jamais utilisés
room-rule-unused-text = { $least } mandats ou plus signés par un aidant le même mois, et aucun service ouvert dans les { $days } jours. Un mandat sans usage a pu être signé sans besoin.
room-rule-used-and-revoked = Utilisé aussitôt, puis révoqué
room-rule-used-and-revoked-text = Un mandat utilisé moins d'une heure après la signature et terminé, remplacé ou suspendu dans la journée, en entier ou pour ce qui a servi : la personne a pu ne pas vouloir ce qui a été fait.
room-rule-same-name = Même nom
room-rule-same-name-text = L'aidant et l'usager portent le même nom de famille. Les noms ont été comparés sans être montrés.
room-rule-mix-up = Deux personnes à la fois
room-rule-mix-up-text = Un service ouvert pour une personne alors que celui d'une autre l'était encore, par le même aidant, dans quelque structure que ce soit. Une utilisation que personne n'a terminée compte { $hours } heures. L'une a pu recevoir ce qui était à l'autre.
log-kind-log-alert-reviewed = Alerte regardée
log-fact-finding = Alerte
room-witnessed = { $seen } témoins sur { $total } ont signé ce point de contrôle.
room-erased = Effacement du { $when } : { $reason }
log-reason-request = demande de la personne
log-reason-order = décision de justice ou d'autorité
log-reason-retention = fin de la durée de conservation
