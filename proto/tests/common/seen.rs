//! What came out of the messengers on a stage, and how their windows look.

use juice_proto::{
    frame,
    messenger::Output,
    server::{Call, ClientFrame},
    view::{BuddyView, Delivery, ErrorCode, Event, MessageView, Notice},
};

use super::stage::{Stage, Who};

impl Stage {
    pub fn outputs(&self, who: Who) -> impl Iterator<Item = &Output> {
        self.log.iter().filter(move |(_, other, _)| *other == who).map(|(_, _, output)| output)
    }

    pub fn events(&self, who: Who) -> Vec<Event> {
        let told = |output: &Output| {
            if let Output::Tell(event) = output { Some(event.clone()) } else { None }
        };
        self.outputs(who).filter_map(told).collect()
    }

    pub fn notices(&self, who: Who) -> Vec<Notice> {
        let notice = |event| {
            if let Event::Notice { notice } = event { Some(notice) } else { None }
        };
        self.events(who).into_iter().filter_map(notice).collect()
    }

    pub fn arrived(&self, who: Who) -> Vec<MessageView> {
        let arrived = |event| {
            if let Event::MessageArrived { message } = event { Some(message) } else { None }
        };
        self.events(who).into_iter().filter_map(arrived).collect()
    }

    pub fn texts(&self, who: Who) -> Vec<String> {
        self.arrived(who).into_iter().map(|message| message.text).collect()
    }

    pub fn queued(&self, who: Who) -> Vec<MessageView> {
        let queued = |event| {
            if let Event::MessageQueued { message } = event { Some(message) } else { None }
        };
        self.events(who).into_iter().filter_map(queued).collect()
    }

    /// What became of messages of someone, in order.
    pub fn deliveries(&self, who: Who) -> Vec<(Vec<String>, Delivery)> {
        let changed = |event| match event {
            Event::DeliveryChanged { messages, delivery, .. } => Some((messages, delivery)),
            _ => None,
        };
        self.events(who).into_iter().filter_map(changed).collect()
    }

    pub fn appeared(&self, who: Who) -> usize {
        self.events(who).iter().filter(|event| matches!(event, Event::BuddyAppeared { .. })).count()
    }

    pub fn went_away(&self, who: Who) -> usize {
        self.events(who).iter().filter(|event| matches!(event, Event::BuddyWentAway { .. })).count()
    }

    pub fn calls(&self, who: Who) -> Vec<Call> {
        let sent = |output: &Output| {
            if let Output::ServerSend(bytes) = output { Some(bytes.clone()) } else { None }
        };
        let open = |bytes: Vec<u8>| frame::decode::<ClientFrame>(&bytes).expect("a frame").open().expect("a call");
        self.outputs(who).filter_map(sent).map(open).collect()
    }

    pub fn dials(&self, who: Who) -> usize {
        self.outputs(who).filter(|output| matches!(output, Output::Dial { .. })).count()
    }

    pub fn sends(&self, who: Who) -> usize {
        self.outputs(who).filter(|output| matches!(output, Output::Send(..))).count()
    }

    /// How many links someone refused, and how many they closed.
    pub fn refusals(&self, who: Who) -> (usize, usize) {
        let refused = self.outputs(who).filter(|output| matches!(output, Output::Refuse(_))).count();
        (refused, self.outputs(who).filter(|output| matches!(output, Output::Close(_))).count())
    }

    /// A command's answer: `Ok` or the code of its refusal.
    pub fn answer(&self, who: Who, number: u64) -> Option<Result<(), ErrorCode>> {
        self.outputs(who).find_map(|output| match output {
            Output::Answer(other, answer) if *other == number => {
                Some(answer.as_ref().map(drop).map_err(|error| error.code))
            }
            _ => None,
        })
    }

    /// How someone sees someone else.
    pub fn row(&self, who: Who, of: Who) -> BuddyView {
        let id = self.hex(of);
        self.row_of(who, &id).expect("a buddy's row")
    }

    pub fn row_of(&self, who: Who, id: &str) -> Option<BuddyView> {
        let views = self.players[who].messenger.as_ref().expect("running").views();
        views.buddies.into_iter().find(|buddy| buddy.id == id)
    }
}
