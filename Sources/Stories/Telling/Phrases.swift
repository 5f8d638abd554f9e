/// Sentences that many plots share.
enum Phrases {
  static let opening: [Frame] = [
    "once upon a time, there was {a:a} named {a:name}. {a} lived {w}.",
    "there once was {a:a} named {a:name} who lived {w}.",
    "{a:name} was {a:a} who lived {w}.",
    "once upon a time, {a:a} named {a:name} lived {w}.",
    "{w}, there lived {a:a} named {a:name}.",
    "once upon a time, there was {a:a} named {a:name}.",
    "long ago, {a:a} named {a:name} lived {w}.",
  ]

  static let own: [Frame] = [
    "{a} had {x:a}.",
    "{a} had {x:a} that {a:he} loved very much.",
    "{a:his} favorite thing in the world was {x:a}.",
    "{a} loved {a:own} {x:n} more than anything.",
    "{a} had {x:a} and took {x:it} everywhere.",
    "for {a:his} birthday, {a} had got {x:a}.",
  ]

  static let oneDay: [Frame] = [
    "one {w} (day|morning|afternoon), {a} went {p:to}.",
    "one {w} (day|morning|afternoon), {a} was {p:at}.",
    "it was a {w} (day|morning|afternoon), and {a} was {p:at}.",
  ]

  static let oneDayTogether: [Frame] = [
    "one {w} (day|morning|afternoon), {ab} were {p:at}.",
    "one {w} (day|morning|afternoon), {ab} met {p:at}.",
    "it was a {w} (day|morning|afternoon), and {ab} were {p:at}.",
    "one {w} (day|morning|afternoon), {ab} went {p:to} together.",
  ]

  static let pass: [Frame] = [
    "{a} {w}.",
    "{a} {w} and {v}.",
    "first {a} {w}. then {a:he} {v}.",
    "{a} {w} for a (long time|while).",
    "{a} was (happy|glad) to be there and {w}.",
  ]

  static let passTogether: [Frame] = [
    "{ab} {w}.",
    "{ab} {w} and {v}.",
    "first {ab} {w}. then they {v}.",
    "{ab} {w} for a (long time|while).",
  ]

  static let go: [Frame] = [
    "{a} (went|walked|ran|hurried) {p:to}.",
    "(then |soon |after that, ){a} (went|walked) {p:to}.",
    "{a} made {a:own} way {p:to}.",
  ]

  static let setOut: [Frame] = [
    "{a} (went|walked|ran|hurried) {p:to}.",
    "so {a} (went|walked|ran) {p:to}.",
    "{a} made {a:own} way {p:to}.",
  ]

  static let goTogether: [Frame] = [
    "{ab} (went|walked|ran) {p:to} together.",
    "(then |soon |after that, ){ab} (went|walked) {p:to}.",
    "{ab} (walked|hurried) {p:to}.",
    "together, {ab} (went|walked) {p:to}.",
  ]

  static let goThree: [Frame] = [
    "{abc} (went|walked|ran) {p:to} together.",
    "so {abc} all (went|walked) {p:to}.",
  ]

  static let meet: [Frame] = [
    "there {a} met {b:him}.",
    "{a} saw {b:him} there.",
    "{b} was there too.",
    "on the way, {a} met {b:him}.",
  ]

  static let visit: [Frame] = [
    "just then, {b} came {p:to}.",
    "soon {b} came by (to play|to say hello).",
    "there was a knock at the door. it was {b:him}.",
    "a little later, {b} came {p:to}.",
  ]

  static let visitOutside: [Frame] = [
    "just then, {b} came (along|by).",
    "soon {b} came {p:to} too.",
    "a little later, {b} came {p:to}.",
  ]

  static let feel: [Frame] = [
    "{a} (was|felt) (very |so |){f}.",
    "{a} was (very|so) {f}.",
    "this made {a:him} (very |){f}.",
  ]

  static let feelBecause: [Frame] = [
    "{a} (was|felt) (very |so |){f} because ",
    "{a} was {f} because ",
  ]

  static let give: [Frame] = [
    "{a} gave {x} to {b:him}.",
    "{a} gave {x:the} to {b:him}.",
    "{a} handed {x:the} to {b:him}.",
    "\"{x:this} {x:short} {x:is} for you,\" {a:said}, and gave {x:it} to {b:him}.",
  ]

  static let giveBack: [Frame] = [
    "{a} gave {x:the} back to {b:him}.",
    "\"here {x:is} your {x:short},\" {a:said}, and gave {x:it} to {b:him}.",
    "{a} picked {x:it} up and handed {x:it} to {b:him}.",
  ]

  static let thank: [Frame] = [
    "\"thank you, {b:name}!\" {a:said}.",
    "\"thank you so much,\" {a:said} with a (big|happy) smile.",
    "\"oh, thank you!\" {a:said}, and hugged {b:him}.",
    "\"you are so kind, {b:name},\" {a:said}.",
    "{a} thanked {b:him} and gave {b:him} a (big |warm |)hug.",
  ]

  static let welcome: [Frame] = [
    "\"you are welcome,\" {a:said}.",
    "\"that is what friends are for,\" {a:said}.",
    "{a} smiled (back |)at {b:him}.",
    "\"I like to help,\" {a:said}.",
  ]

  static let look: [Frame] = [
    "{a} looked {s}, but {x:the} {x:was} not there.",
    "first {a} looked {s}. there was nothing there.",
    "{a} searched {s}, but found nothing.",
    "was {x:the} {s}? no, {x:they} {x:was} not.",
  ]

  static let find: [Frame] = [
    "{a} looked {s}, and there {x:was} {x:the}!",
    "there, {s}, {a} found {x:the}.",
    "\"look!\" {a:cried}. {x:the} {x:was} {s}!",
    "at last, {a} found {x:the} {s}.",
    "then {a} saw {x:the} {s}.",
  ]

  static let friendsForGood: [Frame] = [
    "from that day on, {ab} were the best of friends.",
    "{ab} laughed and played until the sun went down.",
    "it was a (good|happy|wonderful) day for {ab:them}.",
    "{ab} were happy, and they sang a (little |funny |)song.",
    "after that, {ab} played together every day.",
    "\"what a day!\" {a:said}, and {b} laughed.",
    "{ab} smiled at each other.",
    "\"let us meet again tomorrow,\" {a} said to {b:him}.",
    "and so {ab} were even better friends than before.",
    "{ab} never forgot that day.",
    "\"you are a good friend, {b:name},\" {a:said}.",
  ]

  static let closeWithElder: [Frame] = [
    "{ab} sat together and told stories until it was dark.",
    "{ab} had a cup of (tea|warm milk) together.",
    "{a} gave {b:him} a big hug, and {ab} were happy.",
    "it was a (good|happy|wonderful) day for {ab:them}.",
  ]

  static let happyAlone: [Frame] = [
    "that night, {a} slept very well.",
    "{a} smiled all day long.",
    "it was the best day ever for {a:him}.",
    "{a} was happy for the rest of the day.",
    "\"what a day!\" {a:said}.",
    "{a} told everybody about it.",
    "{a} never forgot that day.",
    "that evening, {a} sang a happy song.",
    "what a (good|happy|wonderful) day it was for {a:him}!",
  ]
}
