"""Brazilian cities where the invented customers live: the largest, and at least one in each state."""

from typing import NamedTuple

from telecom.synthetic.identity import Ints, Streams


class City(NamedTuple):
    """A city, its state (UF), area code (DDD), a code for node names, inhabitants in thousands (2022)."""

    name: str
    state: str
    area_code: str
    code: str
    thousands: int


CITIES = (
    City("São Paulo", "SP", "11", "SAO", 11452),
    City("Rio de Janeiro", "RJ", "21", "RIO", 6211),
    City("Brasília", "DF", "61", "BSB", 2817),
    City("Fortaleza", "CE", "85", "FOR", 2429),
    City("Salvador", "BA", "71", "SSA", 2418),
    City("Belo Horizonte", "MG", "31", "BHZ", 2316),
    City("Manaus", "AM", "92", "MAO", 2064),
    City("Curitiba", "PR", "41", "CWB", 1774),
    City("Recife", "PE", "81", "REC", 1489),
    City("Goiânia", "GO", "62", "GYN", 1437),
    City("Porto Alegre", "RS", "51", "POA", 1333),
    City("Belém", "PA", "91", "BEL", 1303),
    City("Guarulhos", "SP", "11", "GRU", 1292),
    City("Campinas", "SP", "19", "CPQ", 1139),
    City("São Luís", "MA", "98", "SLZ", 1038),
    City("Maceió", "AL", "82", "MCZ", 958),
    City("Campo Grande", "MS", "67", "CGR", 898),
    City("São Gonçalo", "RJ", "21", "SGO", 897),
    City("Teresina", "PI", "86", "THE", 866),
    City("João Pessoa", "PB", "83", "JPA", 834),
    City("Natal", "RN", "84", "NAT", 751),
    City("Sorocaba", "SP", "15", "SOD", 724),
    City("Uberlândia", "MG", "34", "UDI", 713),
    City("Ribeirão Preto", "SP", "16", "RAO", 699),
    City("Cuiabá", "MT", "65", "CGB", 651),
    City("Joinville", "SC", "47", "JOI", 617),
    City("Feira de Santana", "BA", "75", "FEC", 616),
    City("Aracaju", "SE", "79", "AJU", 603),
    City("Londrina", "PR", "43", "LDB", 556),
    City("Juiz de Fora", "MG", "32", "JDF", 541),
    City("Florianópolis", "SC", "48", "FLN", 537),
    City("Caxias do Sul", "RS", "54", "CXJ", 463),
    City("Porto Velho", "RO", "69", "PVH", 460),
    City("Macapá", "AP", "96", "MCP", 443),
    City("Santos", "SP", "13", "SSZ", 419),
    City("Boa Vista", "RR", "95", "BVB", 414),
    City("Rio Branco", "AC", "68", "RBR", 365),
    City("Vitória", "ES", "27", "VIX", 323),
    City("Palmas", "TO", "63", "PMW", 303),
)
AREAS = ("Centro", "Zona Norte", "Zona Sul", "Zona Leste", "Zona Oeste")


def city_of(streams: Streams) -> Ints:
    """Where each customer lives, for CRM and network alike: index into `CITIES`, weighted by inhabitants."""
    return streams.pick("city", [city.thousands for city in CITIES])
