/** What staff wrote down. `{product}` becomes something that the customer ordered. */
export const noteTexts = [
  'Asked whether the {product} can be sent as a gift. Confirmed: no invoice in the parcel.',
  'The parcel with the {product} was left with a neighbour. Customer has it now.',
  'Reported a scratch on the {product}. Offered 15 % or a replacement, waits for the answer.',
  'Wanted the {product} by Friday. Told them that two days are usual, not promised.',
  'Address changed for all future orders; the open one with the {product} keeps the old address.',
  'Missed the invoice for the {product}. Sent again as PDF.',
  'Called twice about the {product}. Carrier confirmed that it is on its way.',
  'Very happy with the {product}. Asked to be told when other colours arrive.',
  'Cannot find the spare part for the {product} in the shop. Passed on to operations.',
  'Ordered the {product} twice by mistake. Second one cancelled before shipping.',
  'Guarantee question about the {product}: answered, three years from delivery.',
  'Returned the {product} within 14 days. Refund is with accounting.',
  'Compared the {product} with a cheaper one elsewhere. No price match, explained why.',
  'Asked for the country of origin of the {product}. Answered by e-mail.',
  'Prefers e-mail to telephone. The {product} arrived in good order.',
  'Would like a bulk price for twenty of the {product}. Operations will make an offer.',
] as const;
