# Ce qui sert à toutes les pages.
skip-to-content = Aller au contenu
nav-label = Rubriques
nav-home = Accueil
nav-mandates = Mandats
nav-users = Usagers
nav-cards = Cartes
nav-people = Personnes
nav-structures = Structures
nav-log = Journal
role-auditor = Audit
role-auditor-all = Audit : toutes les structures
role-auditor-listed = Audit : { $count ->
    [0] aucune structure
    [one] une structure
    *[other] { $count } structures
  }
role-operator = Administration
account = Mon compte
switch-structure = Changer de structure
sign-out = Se déconnecter
acting-label = Utilisation en cours
acting-in-name-of = Vous agissez au nom { OF($name) }
acting-end = Terminer
foot-purpose = Entremise, service de mandats : chaque action est bornée, signée et inscrite au journal.
cancel = Annuler
back = Retour
continue = Continuer
change = Modifier
close = Fermer
yes = Oui
no = Non
print = Imprimer
check-now = Vérifier maintenant
steps-label = Étapes
pages-label = Pages de la liste
pages-previous = Page précédente
pages-next = Page suivante
pages-where = Page { $page } sur { $last }
password-show = Afficher
password-hide = Masquer
today = Aujourd'hui
yesterday = Hier
list-and = et
born-on = { $gender ->
    [female] née le { $date }
    [male] né le { $date }
   *[other] naissance le { $date }
  }
born-in = { $gender ->
    [female] née en { $date }
    [male] né en { $date }
   *[other] naissance en { $date }
  }
duration-seconds = { $count ->
    [one] { $count } seconde
   *[other] { $count } secondes
  }
duration-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
  }
duration-hours = { $count ->
    [one] { $count } heure
   *[other] { $count } heures
  }
duration-days = { $count ->
    [one] { $count } jour
   *[other] { $count } jours
  }

# Erreurs
error-title = Une erreur
error-prefix = Erreur :
error-summary-title = Il y a un problème
field-required = Remplissez ce champ.
error-safe = Ce qui est préservé
error-do = Ce que vous pouvez faire
error-operation = Numéro à donner à l'assistance
error-home = Revenir à l'accueil
error-bad-request-title = Cette demande n'est pas lisible
error-bad-request-happened = Le formulaire ou l'adresse reçue n'a pas la forme attendue.
error-bad-request-safe = Rien n'a été enregistré ni modifié.
error-bad-request-do = Revenez à la page précédente, rechargez-la et recommencez.
error-forbidden-title = Vous n'avez pas accès à cette page
error-forbidden-happened = Votre compte, dans cette structure, ne permet pas d'ouvrir cette page.
error-forbidden-safe = Rien n'a été modifié.
error-forbidden-do = Si vous devriez y avoir accès, parlez-en à la personne référente de votre structure.
error-not-found-title = Cette page n'existe pas
error-not-found-happened = L'adresse est fausse, ou ce qu'elle montrait n'est plus là.
error-not-found-safe = Vos mandats et votre travail ne sont pas touchés.
error-not-found-do = Vérifiez l'adresse, ou repartez de l'accueil.
error-wrong-method-title = Cette adresse ne s'utilise pas ainsi
error-wrong-method-happened = L'adresse existe, mais pas pour ce genre de demande.
error-wrong-method-safe = Rien n'a été enregistré ni modifié.
error-wrong-method-do = Repartez de l'accueil. Si vous développez un service, l'en-tête « Allow » de cette réponse dit ce qui est permis.
error-too-many-title = Trop de demandes en peu de temps
error-too-many-happened = Nous avons reçu trop de demandes à la suite, celle-ci n'a pas été traitée.
error-too-many-safe = Rien n'est perdu et rien n'est bloqué pour toujours.
error-too-many-do = Attendez une minute, puis recommencez.
error-unavailable-title = Un service dont nous dépendons ne répond pas
error-unavailable-happened = Le service extérieur n'a pas répondu à temps, ou sa réponse n'avait pas de sens.
error-unavailable-safe = Ce qui était déjà enregistré est conservé.
error-unavailable-do = Réessayez dans quelques minutes. Si cela dure, prévenez l'assistance.
error-internal-title = Quelque chose a mal fonctionné
error-internal-happened = Une erreur de notre côté a interrompu cette page.
error-internal-safe = Une étape est enregistrée en entier ou pas du tout : rien n'est à moitié fait.
error-internal-do = Réessayez. Si l'erreur revient, donnez le numéro ci-dessous à l'assistance.
