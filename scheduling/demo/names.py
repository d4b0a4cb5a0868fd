"""Invented people: family and given names from many countries, combined at random."""

_FAMILY_NAMES = """
Abara Abdi Achterberg Adeyemi Ahmed Akintola Almeida Andersson Anyanwu Arslan Ashworth Baker
Banerjee Barlow Bednarek Begum Bennett Bhatt Bianchi Bielecki Boateng Bowen Brandt Bukowski
Byrne Cabrera Campbell Carter Castillo Chandra Chaudhry Chen Choi Clarke Cohen Collins Conti
Cooper Costa Cruz Czerny Da-Silva Dahl Davies Delgado Demir Dhillon Diallo Dimitrov Doherty
Dubois Duncan Edwards Eriksen Evans Farah Farrell Ferreira Fischer Fitzgerald Fletcher Fofana
Foster Fraser Gallagher Garcia Georgiou Gibson Gill Goldberg Gomes Green Gupta Hall Hamid Hansen
Harding Hassan Hayes Henderson Herrera Hoang Hoffmann Horvat Hughes Hussain Ibrahim Ivanov
Jackson Jansen Jimenez Johansson Jones Kamara Kapoor Kaur Kelly Keller Khalil Kim Kowalski
Kruger Kumar Kuznetsov Lambert Larsen Lee Lewis Lindqvist Lopez Mahmood Malik Marino Martin
Mbeki McCarthy Mensah Mitchell Mohamud Morales Moreau Morgan Murphy Mwangi Nakamura Ndlovu
Nguyen Nielsen Nkosi Novak O'Brien O'Connor Okafor Olsen Osei Ozturk Papadakis Park Patel
Pereira Petrov Pham Phillips Popescu Quinn Rahman Ramirez Rao Reid Rossi Roberts Romano Ryan
Sahin Santos Sato Schmidt Sharma Silva Singh Smith Sokolov Stewart Suzuki Svensson Szabo
Takahashi Tanaka Taylor Thomas Tran Turner Uddin Vargas Vasquez Virtanen Wagner Walsh Wang Weber
White Williams Wilson Wood Yeung Yilmaz Young Yusuf Zhang Zielinski
"""

_FEMALE_NAMES = """
Adaeze Agnes Aisha Alice Amara Amina Anita Anna Aoife Asha Beatriz Bridget Camille Carmen
Chidinma Clara Daniela Deborah Dorothy Ebru Eleni Elif Ella Emma Esther Fatima Fiona Freya
Gloria Grace Halima Hannah Helena Imani Ingrid Irina Isla Ivy Jana Jasmine Jing Joan Julia Karen
Katarzyna Keiko Laila Lena Leyla Lin Lucia Magda Maria Marta Mary Mei Miriam Mona Nadia Nia Noor
Olga Pamela Patricia Priya Rachel Ravneet Rosa Ruth Sadia Salma Sara Shirin Simone Sofia Susan
Svetlana Tamara Tara Teresa Thandi Valentina Vera Wanjiru Yasmin Yuki Zainab Zofia
"""

_MALE_NAMES = """
Aarav Abdul Adam Ahmad Alan Alejandro Ali Amir Andrei Anthony Arjun Arthur Ben Bilal Bogdan
Brian Carlos Charles Chinedu Connor Daniel David Declan Dmitri Edward Emeka Emre Eoin Erik Farid
Felix Filip Francis Frank Gareth George Giorgos Hamza Harry Hassan Henry Hiroshi Hugo Ian
Ibrahim Ivan Jack Jamal James Jan Javier Jin Joao John Jorge Joseph Juan Karl Keith Kenji Kevin
Kofi Kwame Lars Leon Liam Luca Luis Malik Marco Marek Mehmet Michael Mohammed Nikhil Noah Olu
Omar Oscar Pavel Pedro Peter Rafael Raj Robert Samuel Sanjay Sean Sergio Stefan Tariq Thomas
Tomasz Victor Wei William Yusuf Zoltan
"""

FAMILY_NAMES = tuple(_FAMILY_NAMES.split())
FEMALE_NAMES = tuple(_FEMALE_NAMES.split())
MALE_NAMES = tuple(_MALE_NAMES.split())

LANGUAGES = ("en",) * 17 + ("pl", "ur", "pt", "ar", "tr", "es", "so", "zh", "ro", "bn")
"""First languages, about as often as in a large British town."""

ALLERGIES = (
    ("Penicillin", "Rash"),
    ("Penicillin", "Swelling of the face"),
    ("Latex", "Hives"),
    ("Elastoplast (adhesive)", "Blisters"),
    ("Iodine", "Rash"),
    ("Chlorhexidine", "Anaphylaxis"),
    ("Nickel", "Contact eczema"),
    ("Codeine", "Nausea"),
    ("Trimethoprim", "Rash"),
    ("Peanuts", "Swelling of the lips"),
)
