-- Open Food Facts, ODbL 1.0 (https://world.openfoodfacts.org): a few products as a fork of it has them.
INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4531915002255', '蒟蒻ｾﾞﾘｰ　ｸﾞﾚｰﾌﾟ', '砂糖混合ぶどう糖液糖、ぶどう果汁、果糖、こんにゃく粉、洋酒、水溶性食物センイ、ゲル化剤(増粘多糖類)、酸味料(リンゴ酸、クエン酸Na)、香料 ', 'https://static.openfoodfacts.org/images/products/453/191/500/2255/front_ja.6.400.jpg', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4531915002422', '蒟蒻ｾﾞﾘｰ マンゴー', '', 'https://static.openfoodfacts.org/images/products/453/191/500/2422/front_ja.6.400.jpg', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4388844168255', 'REWE Honig-Senf Sauce', '', '', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4400002007', 'Mini Chips Ahoy!', 'UNBLEACHED ENRICHED FLOUR (_WHEAT_ FLOUR NIACIN REDUCED IRON, THIAMINE, MONONITRATE {VITAMIN B1}, RIBOFLAVIN {VITAMIN B2}, FOLIC ACID), SEMISWEET CHOCOLATE CHIPS (SUGAR, CHOCOLATE, COCOA BUTTER, DEXTROSE, _SOY_ LECITHIN, _MILK_), SUGAR, _SOYBEAN_ OIL PARTIALLY HYDROGENATED COTTONSEED OIL, HIGH FRUCTOSE CORN SYRUP, SALT, BAKING SODA, NATURAL AND ARTIFICIAL FLAVOR, CARAMEL COLOR.', 'https://static.openfoodfacts.org/images/products/440/000/200/7/front_en.5.400.jpg', '25', '7.14', '67.9', '28.6', '3.57', '3.57', '0.907', '0.357', '', '0');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4400003745', 'Nutter Butter', 'Unbleached enriched flour (wheat flour, niacin, reduced iron, thiamine mononitrate (vitamin b1), riboflavin (vitamin b2), folic acid), sugar, _peanut_ butter (peanuts, corn syrup solids, hydrogenated rapeseed and/or cottonseed and/or soybean oils, peanut oil, salt), soybean oil and/or palm oil, graham flour (whole grain wheat flour), high fructose corn syrup, partially hydrogenated cottonseed oil, slat, leavening (baking soda and/or calcium phosphate), cornstarch, soy lecithin, vanilla', '', '20.8', '4.72', '69.8', '32.1', '1.89', '7.55', '', '', '', '0');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('44127887', 'Amandes de Californie décortiquées', '', 'https://static.openfoodfacts.org/images/products/44127887/front_fr.3.400.jpg', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4414624000028', 'Qwex', 'Céréales (farine de _blé_, farine d\'_avoine_ complète 17%, semoule de riz, son de _blé_), sucre, chocolat en poudre 13% (sucre, poudre de cacao), huiles végétales (tournesol, colza), chocolat 3.8% (sucre, poudre de cacao, beurre de cacao), _noisettes_ 1.8%, poudre de _lait_ écrémé, sel, émulsifiant : lécithine de colza, antioxydant : extrait riche en tocophérols', 'https://static.openfoodfacts.org/images/products/441/462/400/0028/front_fr.7.400.jpg', '16.4', '2.4', '65.4', '26.1', '4.3', '7.7', '0.8', '0.31496062992126', '', '0');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4421686700848', 'Crujientes de bacalao sabor curry', 'Piel de bacalao, aceite de girasol refinado alto oleico, curry, glutamato monosodico ', 'https://static.openfoodfacts.org/images/products/442/168/670/0848/front_es.4.400.jpg', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4798810012967', 'al kamel tea', 'eat.. PRO. DATE: 08/2017 EXP. DATE :07/2020 BATCH NO.: 1537/2017 4798 81 0 0 12967 PURE CEYLON TEA PACKED IN SRI LANKA C/E/PR/1360/884', 'https://static.openfoodfacts.org/images/products/479/881/001/2967/front_ar.4.400.jpg', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4798810012967', 'al kamel tea', 'eat.. PRO. DATE: 08/2017 EXP. DATE :07/2020 BATCH NO.: 1537/2017 4798 81 0 0 12967 PURE CEYLON TEA PACKED IN SRI LANKA C/E/PR/1360/884', 'https://static.openfoodfacts.org/images/products/479/881/001/2967/front_ar.4.400.jpg', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4388844146785', 'Rewe Salami mit Chili', '', '', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('49', 'Fromage blanc nature lait entier', '', 'https://static.openfoodfacts.org/images/products/49/front_fr.9.400.jpg', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4900001064970', 'المياه الطبيعية', 'المياه الطبيعية', 'https://static.openfoodfacts.org/images/products/490/000/106/4970/front_ar.7.400.jpg', '', '', '', '', '', '', '', '', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4900001344904', 'trib\'s taboulé', '', 'https://static.openfoodfacts.org/images/products/490/000/134/4904/front_fr.4.400.jpg', '9', '1', '28', '6', '', '4', '1', '0.393700787401575', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('49000027280', 'Inca Kola - Inca Kola', '', '', '0', '0', '11', '11', '', '0', '0', '0', '', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('4900004086', 'Coke Zero', 'Carbonated Water, Caramel Color, Phosphoric Acid, Aspartame, Potassium Benzoate, Natural Flavors, Potassium Citrate, Acesulfame Potassiom, Caffeine', '', '0', '0', '0', '0', '0', '0', '0.1778', '0.07', '0', '1');

INSERT INTO product (barcode_id, product_name, ingredients, product_image, fat_amount, saturated_fats, carbohydrate, sugar, dietary_fiber, protein, salt, sodium, alcohol, is_healthy)
VALUES ('49000075144', 'Fanta Green Apple', '', '', '0', '0', '10.7', '10.7', '', '0', '0.1', '0.0393700787401575', '', '1');
