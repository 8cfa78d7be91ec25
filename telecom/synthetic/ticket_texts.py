"""What customers say and what is answered, in Portuguese: (subject, description, resolution) by category."""

TEXTS = {
    "internet_down": (
        (
            "Internet sem conexão",
            "Cliente informa que está sem internet desde cedo e que a luz do equipamento fica vermelha.",
            "Sinal restabelecido após troca do conector na caixa de atendimento.",
        ),
        (
            "Queda total do sinal",
            "Conexão caiu durante a noite e não voltou mesmo depois de reiniciar o modem.",
            "Porta reconfigurada remotamente; cliente confirmou o retorno do serviço.",
        ),
        (
            "Quedas várias vezes ao dia",
            "A internet cai e volta a cada poucos minutos, o que impede reuniões por vídeo.",
            "Visita técnica realizada, cabo interno substituído e medições normais.",
        ),
    ),
    "internet_slow": (
        (
            "Velocidade abaixo da contratada",
            "Teste por cabo mostra menos da metade da velocidade do plano, principalmente à noite.",
            "Perfil de velocidade corrigido; novo teste por cabo dentro do contratado.",
        ),
        (
            "Wi-Fi lento nos quartos",
            "Perto do roteador a conexão é boa, mas nos outros cômodos os vídeos travam.",
            "Canal do Wi-Fi alterado e cliente orientado sobre a posição do roteador.",
        ),
        (
            "Jogos e vídeos travando",
            "Cliente relata demora na resposta e imagens congeladas em horários de pico.",
            "Rota congestionada identificada e tráfego redistribuído.",
        ),
    ),
    "mobile_signal": (
        (
            "Sem sinal de celular em casa",
            "O aparelho fica sem serviço dentro de casa e só funciona na rua.",
            "Cobertura verificada e chamada por Wi-Fi ativada na linha.",
        ),
        (
            "Chamadas caindo",
            "As ligações caem depois de poucos minutos, em mais de um aparelho.",
            "Parâmetros da célula ajustados; teste de chamada sem quedas.",
        ),
        (
            "Dados móveis não funcionam",
            "Faz ligações, mas não navega quando está fora do Wi-Fi.",
            "Configuração de acesso reenviada ao aparelho e navegação confirmada.",
        ),
    ),
    "billing": (
        (
            "Valor da fatura acima do esperado",
            "Cliente não reconhece a diferença em relação ao mês anterior e pede explicação.",
            "Itens da fatura explicados; cliente de acordo com a cobrança.",
        ),
        (
            "Segunda via da fatura",
            "Fatura não chegou e o cliente pede a segunda via antes do vencimento.",
            "Segunda via enviada pelo canal de preferência.",
        ),
        (
            "Pagamento não reconhecido",
            "Cliente pagou a fatura e continua recebendo aviso de débito.",
            "Pagamento localizado e baixado; avisos suspensos.",
        ),
    ),
    "equipment": (
        (
            "Modem reiniciando sozinho",
            "O equipamento desliga e liga várias vezes por dia sem motivo aparente.",
            "Equipamento substituído em visita técnica.",
        ),
        (
            "Pedido de troca do roteador",
            "Roteador antigo não alcança a casa inteira; cliente pede modelo mais novo.",
            "Modelo compatível com o plano entregue e instalado.",
        ),
        (
            "Luz de sinal apagada",
            "Depois de uma queda de energia o equipamento não acende a luz de sinal.",
            "Fonte de alimentação trocada e equipamento testado.",
        ),
    ),
    "plan_change": (
        (
            "Dúvida sobre mudança de plano",
            "Cliente quer saber quais planos existem e se há multa para trocar.",
            "Opções apresentadas; cliente vai avaliar.",
        ),
        (
            "Inclusão de serviço adicional",
            "Cliente pede para incluir um serviço no pacote atual.",
            "Serviço incluído a partir do próximo ciclo.",
        ),
        (
            "Mudança de endereço",
            "Cliente vai se mudar e quer levar o serviço para o novo endereço.",
            "Viabilidade confirmada e transferência agendada.",
        ),
    ),
    "cancellation": (
        (
            "Pedido de cancelamento por preço",
            "Cliente considera a mensalidade alta e recebeu oferta mais barata de outra empresa.",
            "Proposta de retenção apresentada; pedido suspenso pelo cliente.",
        ),
        (
            "Pedido de cancelamento por falhas",
            "Cliente cita problemas repetidos e pede o encerramento do contrato.",
            "Visita prioritária realizada; cliente aceitou permanecer.",
        ),
        (
            "Informações sobre cancelamento",
            "Cliente pergunta sobre prazos, multa e devolução do equipamento.",
            "Condições informadas por escrito.",
        ),
    ),
    "complaint": (
        (
            "Reclamação do atendimento",
            "Cliente diz que esperou demais na loja e foi mal atendido.",
            "Pedido de desculpas feito e loja orientada.",
        ),
        (
            "Técnico não compareceu",
            "Cliente reclama que ficou em casa à espera e ninguém apareceu na janela marcada.",
            "Nova visita realizada; crédito de cortesia avaliado.",
        ),
        (
            "Reclamação com menção à Anatel",
            "Cliente diz que vai à Anatel porque o problema voltou depois de dois chamados.",
            "Caso revisto pela ouvidoria e resposta enviada ao cliente.",
        ),
    ),
    "other": (
        (
            "Elogio ao técnico",
            "Cliente quer deixar registrado o bom atendimento da visita.",
            "Elogio encaminhado à equipe.",
        ),
        (
            "Acesso ao aplicativo",
            "Cliente não consegue entrar no aplicativo depois de trocar de aparelho.",
            "Acesso restabelecido com novo código.",
        ),
        (
            "Comprovante de residência",
            "Cliente pede uma declaração com o endereço de instalação.",
            "Declaração enviada por e-mail.",
        ),
    ),
}
CATEGORIES = tuple(TEXTS)
