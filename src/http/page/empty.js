/** What to read where the list of live channels would be: why it is empty, and what to do. */
import { element } from './dom.js';
import { plural } from './format.js';

/**
 * @param {{ status: any, streams: any, channels: any }} facts the answers of the API
 * @returns {(string | Node)[][]} paragraphs
 */
export function whyEmpty({ status, streams, channels }) {
  const code = (/** @type {string} */ text) => element('code', { text });
  const strong = (/** @type {string} */ text) => element('strong', { text });
  if (channels.total === 0) {
    return [
      [strong('No channel is watched yet.')],
      ['Start the daemon with ', code('--channels LOGIN,LOGIN'), ' or list them in its configuration file.'],
    ];
  }
  if (status.credentials.state === 'absent') {
    return [
      [strong('Chat only: who is live is not known.')],
      [
        'Set ',
        code('TWITCH_CLIENT_ID'),
        ' and ',
        code('TWITCH_CLIENT_SECRET'),
        ' to see broadcasts, titles, categories and viewers. ',
        'Chat is being recorded all the same.',
      ],
    ];
  }
  if (streams.asOf === null) return [[strong('The first look at Twitch is under way.')]];
  return [
    [strong('No channel is live.')],
    [`${plural(channels.total, 'channel')} watched; this page changes by itself when one goes live.`],
  ];
}
