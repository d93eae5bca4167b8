/** Invented. Customers of the demo store beside Ada; their addresses are first.last@example.com. */
export const customerNames = [
  'Mira Solberg', 'Jonas Pahl', 'Amina Odari', 'Leon Vasko', 'Carla Bentes', 'Tariq Olsun', 'Freya Lindmark',
  'Hugo Marchal', 'Nadia Kovin', 'Oskar Brandel', 'Ines Calado', 'Felix Torvin', 'Yuna Hasemi', 'Marek Dolny',
  'Selma Agren', 'Paulo Reisen', 'Greta Nordahl', 'Samir Belkan', 'Lotte Vermaas', 'Ivo Petrak', 'Hanna Ruokola',
  'Diego Almarez', 'Zofia Wilkan', 'Emil Stavros', 'Noor Harandi', 'Bastian Krohl', 'Elif Demiral', 'Anton Velde',
  'Rosa Quintela', 'Nils Ekborg', 'Priya Sundar', 'Theo Lammert', 'Vera Molnari', 'Kofi Asante-Boye', 'Linnea Holm',
  'Rafael Tormes', 'Maja Zelenko', 'Ciaran Dunmore', 'Aiko Tanemori', 'Luca Ferrante', 'Signe Aasland',
  'Omar Fadil', 'Klara Wendisch', 'Mateo Rovira', 'Tove Grankvist', 'Adrian Popan', 'Yara Nasri', 'Bruno Castel',
  'Ella Whitcombe',
] as const;
