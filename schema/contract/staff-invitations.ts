/** How long an invitation can be accepted, in seconds, since it was sent last. */
export const staffInvitationSeconds = 7 * 24 * 3600;

/** The page of the staff's frontend, below PORTAL_APP_URL, to which an invitation leads. The token is in the URL's fragment. */
export const acceptInvitationPath = '/accept-invitation';
