-- The default catalogue of domains; an operator may add others.
INSERT INTO domain (key, position, rep_scope, label_fr, label_en, examples_fr, examples_en, warning_fr, warning_en, active) VALUES
  ('papiers', 5, 'Papier-Citoyenneté-Elections', 'Papiers, citoyenneté, élections', 'Papers, citizenship, elections', 'Carte d’identité, passeport, listes électorales', 'Identity card, passport, electoral roll', NULL, NULL, TRUE),
  ('famille', 2, 'Famille-Scolarité', 'Famille, scolarité', 'Family, schooling', 'Allocations, naissance, école', 'Allowances, birth, school', NULL, NULL, TRUE),
  ('social', 3, 'Social-Santé', 'Social, santé', 'Social care, health', 'Carte Vitale, RSA, handicap', 'Health card, income support, disability', NULL, NULL, TRUE),
  ('travail', 6, 'Travail-Formation', 'Travail, formation', 'Work, training', 'Recherche d’emploi, formation, retraite', 'Job seeking, training, pension', NULL, NULL, TRUE),
  ('logement', 4, 'Logement', 'Logement', 'Housing', 'Aide au logement, bail', 'Housing benefit, lease', NULL, NULL, TRUE),
  ('transports', 7, 'Transports-Mobilité', 'Transports, mobilité', 'Transport, mobility', 'Permis de conduire, carte grise', 'Driving licence, vehicle registration', NULL, NULL, TRUE),
  ('argent', 1, 'Argent-Impots-Consommation', 'Argent, impôts, consommation', 'Money, taxes, consumer rights', 'Déclaration, surendettement, banque', 'Tax return, over-indebtedness, bank', 'Un dossier de surendettement doit être signé par la personne elle-même.', 'An over-indebtedness file must be signed by the person themselves.', TRUE),
  ('justice', 8, 'Justice', 'Justice', 'Justice', 'Casier judiciaire, aide juridictionnelle', 'Criminal record, legal aid', NULL, NULL, TRUE),
  ('etranger', 9, 'Etranger-Europe', 'Étranger, Europe', 'Abroad, Europe', 'Titre de séjour, visa', 'Residence permit, visa', NULL, NULL, TRUE),
  ('loisirs', 10, 'Loisirs-Sport-Culture', 'Loisirs, sport, culture', 'Leisure, sport, culture', 'Pass Sport, associations, permis de chasse', 'Sport pass, associations, hunting licence', NULL, NULL, TRUE);
