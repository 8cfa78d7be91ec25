export default {
  "told.sentences": [],
  "told.words": [],
  "told.counted": [],
};
