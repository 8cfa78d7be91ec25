"""First names and surnames common in Brazil; a full name is one of the first and two of the second."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE = _words(
    """
    Maria Ana Francisca Antônia Adriana Juliana Márcia Fernanda Patrícia Aline Sandra Camila Amanda
    Bruna Jéssica Letícia Júlia Luciana Vanessa Mariana Gabriela Vera Vitória Larissa Cláudia
    Beatriz Luana Rita Sônia Renata Eliane Simone Cristiane Carla Daniela Rosângela Helena Alice
    Laura Sofia Isabela Manuela Lorena Raquel Débora Tatiane Natália Carolina Rafaela Viviane Regina
    Teresa Lúcia Elisa Mônica Silvana Tereza Cecília Lívia Yasmin
    """
)
MALE = _words(
    """
    José João Antônio Francisco Carlos Paulo Pedro Lucas Luiz Marcos Luís Gabriel Rafael Daniel
    Marcelo Bruno Eduardo Felipe Rodrigo Manoel Mateus André Fernando Fábio Leonardo Gustavo
    Guilherme Leandro Tiago Anderson Ricardo Márcio Jorge Alexandre Roberto Edson Diego Vítor Sérgio
    Cláudio Matheus Thiago Geraldo Adriano Luciano Júlio Renato Alex Vinícius Rogério Samuel Ronaldo
    Mário Flávio Igor Douglas Davi Miguel Arthur Heitor
    """
)
SURNAMES = _words(
    """
    Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro Martins
    Carvalho Almeida Lopes Soares Fernandes Vieira Barbosa Rocha Dias Nascimento Andrade Moreira
    Nunes Marques Machado Mendes Freitas Cardoso Ramos Gonçalves Santana Teixeira Araújo Pinto
    Correia Cavalcanti Castro Campos Moraes Monteiro Barros Moura Batista Azevedo Melo Farias Pires
    Cunha Reis Borges Duarte Miranda Medeiros Brito Xavier Tavares Peixoto Figueiredo Aguiar Bezerra
    Coelho Siqueira Macedo Guimarães Rezende Fonseca Prado
    """
)
