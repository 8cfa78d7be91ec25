// Written by python -m tools.english_words.
export default {
  "told.sentences": [
   [
    "Mais velocidade sem mudar a mensalidade; a linha comporta. Inclui a troca do equipamento por {device}, sem custo",
    "More speed at the same monthly charge; the line can carry it. The equipment is exchanged for {device}, free of charge."
   ],
   [
    "Reinício enviado. A conexão pode ficar fora por até 5 minutos; depois, refaça o diagnóstico",
    "The restart was sent. The connection may be down for up to 5 minutes; after that, test it again."
   ],
   [
    "A última avaliação de risco é de {day} ({age}) e não vale mais; o limite é de {days} dias",
    "The last risk score is of {day} ({age}) and does not count any more; the limit is {days} days."
   ],
   [
    "Para defeito dentro de casa, que teria custo; falha nossa já é gratuita",
    "For a defect inside the home, which would cost something; our own faults are mended free anyway."
   ],
   [
    "Ainda não há avaliação de risco de cancelamento para este cliente",
    "There is no churn score for this customer yet."
   ],
   [
    "O par de cobre tem atenuação alta e não comporta mais velocidade",
    "The copper line has a high attenuation and cannot carry more speed."
   ],
   [
    "incidente {incident} aberto desde {since}, com previsão de volta em {until} (Brasília)",
    "Incident {incident} is open since {since}; service is expected back on {until} (Brasília time)."
   ],
   [
    "O cliente não autorizou contatos com ofertas e não pediu esta",
    "The customer has not consented to offers and did not ask for this one."
   ],
   [
    "Para registrar o contato preciso de um assunto e de um resumo",
    "Registering the contact takes a subject and a summary."
   ],
   [
    "Esta mudança já foi pedida e vale a partir do próximo ciclo",
    "This change was asked for already and holds from the next cycle on."
   ],
   [
    "Custa {amount} a mais por mês e depende da viabilidade no endereço",
    "It costs {amount} more a month and depends on whether fibre reaches the address."
   ],
   [
    "Visita técnica: pedida pelo cliente depois do diagnóstico",
    "Technician's visit: asked for by the customer after the diagnosis."
   ],
   [
    "Mais velocidade sem mudar a mensalidade; a linha comporta",
    "More speed at the same monthly charge; the line can carry it."
   ],
   [
    "Desconto precisa de porcentagem e meses maiores que zero",
    "A discount takes a percentage and months above zero."
   ],
   [
    "A política não prevê visita de cortesia para este perfil",
    "The policy has no courtesy visit for this profile."
   ],
   [
    "A mudança vale a partir do próximo ciclo de faturamento",
    "The change holds from the next billing cycle on."
   ],
   [
    "A migração para a fibra exige a viabilidade no endereço",
    "Moving to fibre takes a check that it reaches the address."
   ],
   [
    "Linha com falha e sem incidente: reiniciar à distância",
    "A line with a fault and without an incident: restart it remotely."
   ],
   [
    "A política não prevê serviço grátis para este perfil",
    "The policy has no free service for this profile."
   ],
   [
    "noites e domingos são só para falta total de serviço",
    "evenings and Sundays are only for lines without any service"
   ],
   [
    "Essa condição precisa ser avaliada por um atendente",
    "That has to be looked at by an agent."
   ],
   [
    "A próxima mudança de velocidade pode ser feita em {day}",
    "The next change of speed can be made on {day}."
   ],
   [
    "A linha não tem {measure} suficiente para a nova velocidade",
    "The line does not have enough {measure} for the new speed."
   ],
   [
    "É o teto: {monthly} por mês, {total} no total. Comece abaixo dele",
    "It is the cap: {monthly} a month, {total} in all. Start below it."
   ],
   [
    "O problema continua depois dos passos do roteiro",
    "The problem goes on after the steps of the guide."
   ],
   [
    "Falta uma avaliação de risco com no máximo {days} dias",
    "A risk score of at most {days} days is missing."
   ],
   [
    "Há o incidente {incident} na região; reiniciar não adianta",
    "There is incident {incident} in the area; restarting does not help."
   ],
   [
    "a janela já passou ou começa em menos de 2 horas",
    "the window is over or begins in less than 2 hours"
   ],
   [
    "{what} só está disponível para a equipe de atendimento",
    "{what} is only available to our team."
   ],
   [
    "Desconto de {percent} % por {time}, a partir da próxima fatura",
    "{percent} % discount for {time}, from the next bill on."
   ],
   [
    "A política de ofertas não está disponível agora",
    "The policy of offers is not available now."
   ],
   [
    "Com o desconto a mensalidade ficaria abaixo de {amount}",
    "With the discount the monthly charge would fall below {amount}."
   ],
   [
    "Ainda não há faturas emitidas para este cliente",
    "No bill has been issued for this customer yet."
   ],
   [
    "Segunda via enviada por {channel} ao contato cadastrado",
    "The copy was sent by {channel} to the registered contact."
   ],
   [
    "A política não prevê desconto para este perfil",
    "The policy has no discount for this profile."
   ],
   [
    "Uma linha está com falha: primeiro se conserta",
    "A line has a fault: it is mended first."
   ],
   [
    "Há o incidente {incident}; visita individual não adianta",
    "There is incident {incident}; a single visit does not help."
   ],
   [
    "O valor contestado passaria do total da fatura",
    "The disputed amount would be more than the bill's total."
   ],
   [
    "Não encontrei o contrato vigente deste cliente",
    "There is no current contract of this customer."
   ],
   [
    "Não há chamado nem incidente {time} com esse número",
    "There is no ticket or incident {time} with that number."
   ],
   [
    "Há {count} em aberto; ofertas só depois do pagamento",
    "{count} not paid yet; offers only after the payment."
   ],
   [
    "Este cliente não tem {service} para diagnosticar; tem {lines}",
    "This customer has no {service} to diagnose; there is {lines}."
   ],
   [
    "Este item já foi contestado e está em análise",
    "That item was disputed already and is being examined."
   ],
   [
    "Crédito de {amount} na próxima fatura, referente a {reference}",
    "A credit of {amount} on the next bill, for {reference}."
   ],
   [
    "Ligação marcada para {when}, no número cadastrado",
    "The call is booked for {when}, to the registered number."
   ],
   [
    "Esta ocorrência já teve crédito de cortesia",
    "This case has had a courtesy credit already."
   ],
   [
    "A fibra está sem luz; reiniciar não resolve",
    "There is no light in the fibre; restarting does not help."
   ],
   [
    "Este serviço não pode ser dado como oferta",
    "This service cannot be given as an offer."
   ],
   [
    "No máximo {count} reinícios por dia em cada linha",
    "At most {count} restarts a day for each line."
   ],
   [
    "O cliente pediu para falar com uma pessoa",
    "The customer asked to speak with a person."
   ],
   [
    "mensalidade {amount} abaixo da média que já pagou",
    "a monthly charge {amount} below the average so far"
   ],
   [
    "linha degradada sem melhora com reinício",
    "a degraded line that a restart did not mend"
   ],
   [
    "Reduz {amount} por mês, se o serviço não é usado",
    "Saves {amount} a month, if the service is not used."
   ],
   [
    "Custa {amount} e restam {left} do orçamento do cliente",
    "It costs {amount}, and {left} of the customer's budget are left."
   ],
   [
    "Já há uma visita marcada para esta linha",
    "A visit is booked for this line already."
   ],
   [
    "mensalidade {amount} acima da média que já pagou",
    "a monthly charge {amount} above the average so far"
   ],
   [
    "Sobe-se um degrau de velocidade por vez",
    "The speed goes up one step at a time."
   ],
   [
    "Não há mudança possível para esse plano",
    "No change to that plan is possible."
   ],
   [
    "Já há uma ligação marcada para esse dia",
    "A call is booked for that day already."
   ],
   [
    "Não encontrei o cadastro deste cliente",
    "There is no record of this customer."
   ],
   [
    "mensalidade igual à média que já pagou",
    "a monthly charge as the average so far"
   ],
   [
    "Há propostas demais esperando decisão",
    "Too many proposals wait for a decision."
   ],
   [
    "Vale {amount} e cabe no orçamento do cliente",
    "Worth {amount}, within the customer's budget."
   ],
   [
    "Não há fatura anterior para comparar",
    "There is no earlier bill to compare with."
   ],
   [
    "Reiniciar o equipamento à distância",
    "Restart the equipment remotely"
   ],
   [
    "O serviço exige internet contratada",
    "The service takes an internet contract."
   ],
   [
    "Este serviço não existe no catálogo",
    "This service is not in the catalogue."
   ],
   [
    "um atendente com alçada de retenção",
    "an agent who may decide on retention"
   ],
   [
    "{amount} de {item} em contestação; resposta até {day}",
    "{amount} of {item} in dispute; an answer by {day}."
   ],
   [
    "A visita exige internet contratada",
    "The visit takes an internet contract."
   ],
   [
    "O limite é de {count} de cortesia por ano",
    "The limit is {count} as a courtesy a year."
   ],
   [
    "A oferta exige internet contratada",
    "The offer takes an internet contract."
   ],
   [
    "No ano, o limite é de {amount} em créditos",
    "Within a year the limit is {amount} of credits."
   ],
   [
    "Já existe o chamado {ticket} aberto sobre {about}",
    "Ticket {ticket} about {about} is open already."
   ],
   [
    "O crédito por ocorrência vai até {amount}",
    "The credit for one case goes up to {amount}."
   ],
   [
    "O teto para este perfil é {percent} % por {time}",
    "The cap for this profile is {percent} % for {time}."
   ],
   [
    "O equipamento já está reiniciando",
    "The equipment is restarting already."
   ],
   [
    "Não dá para ligar nesse horário: {why}",
    "A call at that time is not possible: {why}."
   ],
   [
    "A fatura não cobra {amount} por esse item",
    "The bill does not charge {amount} for that item."
   ],
   [
    "{time} até o fim do período do contrato",
    "{time} to the end of the contract's term"
   ],
   [
    "A política de retenção vale até {day}",
    "The retention policy holds until {day}."
   ],
   [
    "Essa data não pode ser marcada: {why}",
    "That date cannot be booked: {why}."
   ],
   [
    "Uma nova oferta só a partir de {day}",
    "A new offer is possible from {day} on."
   ],
   [
    "a agenda vai até {days} dias à frente",
    "the calendar goes {days} days ahead"
   ],
   [
    "Essa fatura não é deste cliente",
    "That bill is not this customer's."
   ],
   [
    "Visita técnica de cortesia em {when}",
    "Courtesy visit of a technician on {when}"
   ],
   [
    "Enviar a segunda via da fatura",
    "Send a copy of the bill"
   ],
   [
    "linha fora do ar após reinício",
    "a line that is down after a restart"
   ],
   [
    "O cliente pediu o cancelamento",
    "The customer asked to cancel."
   ],
   [
    "Já há uma oferta em vigor até {day}",
    "There is an offer running until {day}."
   ],
   [
    "Essa linha não é deste cliente",
    "That line is not this customer's."
   ],
   [
    "Não encontrei fatura desse mês",
    "There is no bill of that month."
   ],
   [
    "Registro do contato a pedido",
    "The contact is registered on request."
   ],
   [
    "A migração exige viabilidade",
    "Moving to fibre takes a check of the address."
   ],
   [
    "O cliente já tem esse plano",
    "The customer has that plan already."
   ],
   [
    "Faltam dados para essa ação",
    "Something is missing for that action."
   ],
   [
    "não mora com companheiro(a)",
    "lives without a partner"
   ],
   [
    "Visita técnica de cortesia",
    "Courtesy visit of a technician"
   ],
   [
    "Registrar o contato sobre {about}",
    "Register the contact about {about}."
   ],
   [
    "{service} já foi dado nos últimos {time}",
    "{service} was given within the last {time} already."
   ],
   [
    "o cliente ou um atendente",
    "the customer or an agent"
   ],
   [
    "Registrar chamado sobre {about}",
    "Register a ticket about {about}"
   ],
   [
    "nenhuma linha registrada",
    "no registered line"
   ],
   [
    "Essa proposta não existe",
    "There is no such proposal."
   ],
   [
    "mensalidade em torno de {amount}",
    "a monthly charge of about {amount}"
   ],
   [
    "Até {percent} % de desconto por {time}",
    "Up to {percent} % discount for {time}"
   ],
   [
    "Crédito de cortesia de {amount}",
    "Courtesy credit of {amount}"
   ],
   [
    "O risco de cancelamento",
    "The churn risk"
   ],
   [
    "mora com companheiro(a)",
    "lives with a partner"
   ],
   [
    "recebe fatura impressa",
    "gets printed bills"
   ],
   [
    "Pedido de segunda via",
    "A copy of the bill was asked for."
   ],
   [
    "recebe fatura digital",
    "gets digital bills"
   ],
   [
    "Visita marcada para {when}",
    "The visit is booked for {when}."
   ],
   [
    "Esta decisão cabe a {who}",
    "This is to be decided by {who}."
   ],
   [
    "Essa ação não existe",
    "There is no such action."
   ],
   [
    "tem menos de 65 anos",
    "is younger than 65"
   ],
   [
    "Desconto de {percent} % por {time}",
    "{percent} % discount for {time}"
   ],
   [
    "Chamado {ticket} registrado",
    "Ticket {ticket} is registered."
   ],
   [
    "tem 65 anos ou mais",
    "is 65 or older"
   ],
   [
    "não tem dependentes",
    "has no dependents"
   ],
   [
    "Visita técnica em {when}",
    "Technician's visit on {when}"
   ],
   [
    "Ligar de volta em {when}",
    "Call back on {when}"
   ],
   [
    "O cliente não tem {service}",
    "The customer does not have {service}."
   ],
   [
    "internet por fibra",
    "fibre internet"
   ],
   [
    "já pagou {amount} no total",
    "has paid {amount} in all"
   ],
   [
    "O cliente já tem {service}",
    "The customer has {service} already."
   ],
   [
    "nos últimos {days} dias",
    "within the last {days} days"
   ],
   [
    "Visita técnica: {why}",
    "Technician's visit: {why}."
   ],
   [
    "não tem internet",
    "has no internet"
   ],
   [
    "Contestação de {item}",
    "Dispute of {item}."
   ],
   [
    "tem dependentes",
    "has dependents"
   ],
   [
    "Contestar {amount} de {item}",
    "Dispute {amount} of {item}"
   ],
   [
    "O limite é de {time}",
    "The limit is {time}."
   ],
   [
    "Exige {time} de casa",
    "It takes {time} as a customer."
   ],
   [
    "fibra sem luz",
    "no light in the fibre"
   ],
   [
    "Migrar para {plan}",
    "Move to {plan}"
   ],
   [
    "{service} grátis por {time}",
    "{service} free for {time}"
   ],
   [
    "internet DSL",
    "DSL internet"
   ],
   [
    "Mudar para {plan}",
    "Change to {plan}"
   ],
   [
    "linha móvel",
    "a mobile line"
   ],
   [
    "cliente há {time}",
    "a customer for {time}"
   ],
   [
    "contrato {terms}",
    "contract: {terms}"
   ],
   [
    "paga por {way}",
    "pays by {way}"
   ],
   [
    "internet {kind}",
    "internet {kind}"
   ],
   [
    "Retirar {service}",
    "Remove {service}"
   ],
   [
    "Incluir {service}",
    "Add {service}"
   ],
   [
    "não tem {service}",
    "does not have {service}"
   ],
   [
    "tem {service}",
    "has {service}"
   ]
  ],
  "told.words": {
   "fibra": "fibre",
   "cobre (DSL)": "copper, DSL",
   "móvel": "mobile",
   "potência óptica": "optical power",
   "margem de ruído (SNR)": "noise margin (SNR)",
   "atenuação": "attenuation",
   "sinal (RSRP)": "signal (RSRP)",
   "velocidade sobre a contratada": "speed against the contracted one",
   "perda de pacotes": "packet loss",
   "latência": "latency",
   "boa": "good",
   "no limite": "at the limit",
   "ruim": "bad",
   "sem leitura": "no reading",
   "mensal, sem fidelidade": "monthly, without commitment",
   "de 12 meses": "of 12 months",
   "de 24 meses": "of 24 months",
   "boleto eletrônico": "electronic payment slip",
   "boleto impresso": "printed payment slip",
   "débito automático em conta": "direct debit",
   "cartão de crédito (automático)": "credit card (automatic)",
   "cartão de crédito recorrente": "recurring credit card",
   "débito automático": "direct debit",
   "internet sem conexão": "internet without connection",
   "internet lenta": "slow internet",
   "sinal do celular": "mobile signal",
   "fatura": "billing",
   "equipamento": "equipment",
   "mudança de plano": "change of plan",
   "cancelamento": "cancellation",
   "reclamação": "a complaint",
   "outros assuntos": "other matters",
   "baixa": "low",
   "média": "medium",
   "alta": "high",
   "crítica": "critical",
   "aberto": "open",
   "em andamento": "in progress",
   "encerrado": "closed",
   "atendente": "an agent",
   "supervisor": "a supervisor",
   "gerente": "a manager",
   "telefone": "phone",
   "mais velocidade": "more speed",
   "migração para a fibra": "moving to fibre",
   "retirada de serviço": "removing a service",
   "linha móvel adicional": "an additional mobile line",
   "margem de ruído": "noise margin",
   "serviço grátis": "a free service",
   "desconto": "a discount",
   "visita de cortesia": "a courtesy visit"
  },
  "told.counted": [
   [
    "\\bfaturas vencidas\\b",
    "overdue bills"
   ],
   [
    "\\bfatura vencida\\b",
    "overdue bill"
   ],
   [
    "\\bvisitas\\b",
    "visits"
   ],
   [
    "\\bvisita\\b",
    "visit"
   ],
   [
    "\\bmeses\\b",
    "months"
   ],
   [
    "\\bmês\\b",
    "month"
   ],
   [
    "\\bdias\\b",
    "days"
   ],
   [
    "\\bdia\\b",
    "day"
   ],
   [
    "\\bhá (?=\\d)",
    "age: "
   ],
   [
    "\\bhoje\\b",
    "today"
   ],
   [
    "(?<=\\w) e (?=\\w)",
    " and "
   ],
   [
    "(?<=\\w) ou (?=\\w)",
    " or "
   ],
   [
    "\\bdas (\\d+h) às (\\d+h)",
    "from $1 to $2"
   ]
  ],
};
